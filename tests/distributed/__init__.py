"""Replicas, workers and killed workers beside one process; see `__main__`."""
