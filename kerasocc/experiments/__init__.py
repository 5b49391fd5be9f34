"""Experiments: their settings, methods, runs, reports, and the studies of papers."""
