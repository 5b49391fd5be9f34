"""What a model of nearest neighbours computes once of the samples that it stores."""

from __future__ import annotations

import numpy as np


def own_distances(memory: np.ndarray, k: int, subsets: int) -> np.ndarray:
    """Distances of stored samples from their neighbours in their own subset, without themselves.

    Args:
        memory: The subsets one after the other, shape `(subsets * size, d)`.
        k: Number of neighbours, less than `size`.
        subsets: Number of subsets.

    Returns:
        The smallest first, shape `(subsets * size, k)`, float64.
    """
    from sklearn.neighbors import NearestNeighbors

    parts = np.split(memory.astype("float64"), subsets)
    return np.concatenate([NearestNeighbors(n_neighbors=k).fit(p).kneighbors()[0] for p in parts])


def column_deviations(rows: np.ndarray) -> np.ndarray:
    """Standard deviations of columns, shape `(d,)`, float32; 1 for a constant one."""
    deviation = rows.std(axis=0, dtype="float64")
    # That of a constant is 0 up to rounding.
    varies = deviation > 1e-6 * np.abs(rows).max(axis=0)
    return np.where(varies, deviation, 1.0).astype("float32")
