"""Sparse matrices of scipy, read as dense rows."""

from __future__ import annotations

from typing import Any

import numpy as np

from kerasocc.datasets.storage.rows import Rows

DENSE_LIMIT = 2**30
"""Most bytes of a sparse matrix as a dense array in memory; a larger one is read in parts."""


def is_sparse(x: Any) -> bool:
    """Return whether `x` is a sparse matrix or array of scipy, without importing scipy."""
    return any(c.__module__.startswith("scipy.sparse") for c in type(x).__mro__)


def dense(x: Any, limit: int | None = None) -> np.ndarray | Rows:
    """Return a sparse matrix as float32: an array, or rows that are made dense when read.

    Args:
        x: Shape `(samples, columns)`.
        limit: Most bytes of the array, default `DENSE_LIMIT`.

    Raises:
        ValueError: If it has another number of axes or holds no real numbers.
    """
    if len(x.shape) != 2 or x.dtype.kind not in "biuf":
        raise ValueError(
            "`x` must be a sparse matrix of real numbers, shape (samples, columns). Received: "
            f"shape {x.shape}, dtype {x.dtype}"
        )
    rows = DenseRows(x.tocsr())
    if 4 * x.shape[0] * x.shape[1] > (DENSE_LIMIT if limit is None else limit):
        return Rows(rows)
    return rows[np.arange(x.shape[0])]


class DenseRows:
    """Rows of a sparse matrix that are dense when they are read.

    Args:
        matrix: In the format CSR, shape `(samples, columns)`.
    """

    dtype = np.dtype("float32")

    def __init__(self, matrix: Any):
        self._matrix = matrix
        self.shape = tuple(matrix.shape)

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: Any) -> np.ndarray:
        one = np.ndim(rows) == 0
        with np.errstate(over="ignore"):
            found = self._matrix[[rows] if one else rows].toarray().astype("float32")
        return found[0] if one else found
