"""Objectives as pure functions of embeddings and distances, unreduced."""
