"""Missing values of tables: an error, or filled with medians."""

from __future__ import annotations

import numpy as np

from kerasocc.datasets.storage.rows import Rows, chunks, is_lazy
from kerasocc.datasets.storage.spooling import spool

CHUNK_ROWS = 2**16
IMPUTE = "Pass `missing='median'` to put in the medians of the training rows."


def refuse_missing(name: str, x: np.ndarray | Rows, first_row: int = 0, hint: str = IMPUTE) -> None:
    """Raise `ValueError` for values that are not finite; names row and column of the first.

    Args:
        name: Name of the table.
        x: Shape `(rows, columns)`.
        first_row: Index in the table of the first row of `x`.
        hint: Advice at the end of the message.
    """
    count, first, start = 0, None, first_row
    for chunk in chunks(x, CHUNK_ROWS):
        bad = np.argwhere(~np.isfinite(chunk))
        if len(bad) and first is None:
            first = (start + int(bad[0, 0]), int(bad[0, 1]))
        count += len(bad)
        start += len(chunk)
    if first is not None:
        raise ValueError(
            f"{name!r} has {count} missing or infinite values, the first in row {first[0]}, "
            f"column {first[1]}. {hint}"
        )


def medians(x: np.ndarray | Rows) -> np.ndarray:
    """Compute the median of the finite values per column, 0 for columns without any.

    Args:
        x: Shape `(rows, columns)`; read once per column if it is on disk.

    Returns:
        Shape `(columns,)`, float32.
    """
    if not is_lazy(x):
        return np.array([_median(column) for column in np.asarray(x).T], "float32")
    columns = range(x.shape[1])
    parts = ((chunk[:, c] for chunk in chunks(x, CHUNK_ROWS)) for c in columns)
    return np.array([_median(np.concatenate(list(part))) for part in parts], "float32")


def filled(x: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Replace what is not finite in `x`, `(rows, columns)`, by `values`, `(columns,)`."""
    return np.where(np.isfinite(x), x, values).astype("float32")


def fill_rows(x: np.ndarray | Rows, values: np.ndarray) -> np.ndarray | Rows:
    """Apply `filled` in chunks to at least one row; the rows need not fit into memory."""
    return spool(filled(chunk, values) for chunk in chunks(x, CHUNK_ROWS))


def _median(column: np.ndarray) -> float:
    finite = column[np.isfinite(column)]
    return float(np.median(finite)) if len(finite) else 0.0
