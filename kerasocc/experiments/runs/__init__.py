"""Runs: their data, models, training, folders, and what a trained one does with new samples."""
