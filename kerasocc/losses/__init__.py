"""The objectives as pure functions on embeddings and distances, unreduced."""
