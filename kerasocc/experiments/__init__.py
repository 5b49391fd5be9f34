"""Experiments: their settings, the runner, run folders and reports."""
