"""Columns of tables by name: from data frames, and what each of them holds."""
