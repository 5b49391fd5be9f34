"""Views of arrays on disk that are read row by row, and how many rows to read at a time."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from numbers import Integral
from typing import Any

import numpy as np

ROWS_AT_ONCE = 1000
VALUES_AT_ONCE = 2**24
"""Values in a batch of large samples: 64 MiB as float32, and as much again for each layer of
a preprocessing."""


class Rows:
    """A view of some rows of an array on disk, in any order.

    Indexing by an integer reads one sample. Indexing by a slice, an array of indices
    or a boolean mask returns another view and reads nothing; `np.asarray(view)` reads
    all of it. Models train on it and score it like an array, with a batch, or a few
    small ones, in memory at a time.

    Args:
        array: Anything with `shape` and `dtype` that is indexed along its first
            axis by sorted indices: a `np.memmap`, an HDF5 or zarr dataset.
        rows: Indices of the rows, shape `(samples,)`; default all.

    Example:
        >>> x = kerasocc.datasets.Rows(np.load("samples.npy", mmap_mode="r"))
        >>> model.fit(x, epochs=10)
    """

    def __init__(self, array: Any, rows: np.ndarray | None = None):
        self._array = array
        self._rows = np.arange(len(array)) if rows is None else rows

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the array that the view stands for."""
        return (len(self._rows), *self._array.shape[1:])

    @property
    def dtype(self) -> np.dtype:
        """Dtype of the samples."""
        return np.dtype(self._array.dtype)

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, Integral):
            return np.asarray(self._array[int(self._rows[key])])
        return Rows(self._array, self._rows[key])

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        # Files are read, and HDF5 must be read, in the order in which they are stored.
        stored, inverse = np.unique(self._rows, return_inverse=True)
        values = np.asarray(self._array[stored])[inverse]
        return values if dtype is None else values.astype(dtype, copy=False)


def rows_at_once(shape: Sequence[int]) -> int:
    """Return the batch size of a pass over samples of a shape: large, within bounded memory."""
    return max(1, min(ROWS_AT_ONCE, VALUES_AT_ONCE // max(1, math.prod(shape))))


def rows_in_flight(shape: Sequence[int]) -> int:
    """Return how many samples of a shape go through a network at once: what fits the caches."""
    values = max(1, math.prod(shape))
    # TensorFlow need not copy slices of an array that start at multiples of 64 rows.
    small = min(8000, max(64, 2**19 // values // 64 * 64))
    return max(1, min(small, VALUES_AT_ONCE // values))


def chunks(x: Any, size: int | None = None) -> Iterator[np.ndarray]:
    """Read an array or a `Rows` view in chunks of `size` rows.

    Args:
        x: Array or `Rows` of shape `(samples, ...)`.
        size: Rows per chunk, None for `rows_at_once`; the last one may have fewer.
    """
    size = rows_at_once(x.shape[1:]) if size is None else size
    for start in range(0, len(x), size):
        yield np.asarray(x[start : start + size])


def is_lazy(x: Any) -> bool:
    """Return whether `x` is read from disk row by row rather than held in memory."""
    return isinstance(x, (Rows, np.memmap))


def as_rows(x: Any) -> np.ndarray | Rows:
    """Return a memory map as a `Rows` view, whose indexing reads nothing; else an array."""
    if isinstance(x, np.memmap):
        return Rows(x)
    return x if isinstance(x, Rows) else np.asarray(x)
