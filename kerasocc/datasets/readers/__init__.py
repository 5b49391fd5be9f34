"""Readers of samples and classes from files, folders and datasets, one kind per file."""
