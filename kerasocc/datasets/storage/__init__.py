"""Samples that need not fit into memory; knows nothing of what they mean."""
