"""Models outside of Python's Keras: exported scorers and what serves them."""
