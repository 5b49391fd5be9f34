"""What is reported about a run: metrics, tables, figures, a page."""
