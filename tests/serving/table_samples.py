"""Samples of the table whose model `conftest.py` makes."""

import numpy as np


def samples(rows, seed=5):
    """Rows of six columns, shape `(rows, 6)`, float32."""
    return np.random.default_rng(seed).normal(size=(rows, 6)).astype("float32")
