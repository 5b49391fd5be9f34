"""Protocols that turn labelled data into one-class problems, one per file."""
