"""Missing values of tables: found and refused, or filled with medians."""

from __future__ import annotations

import numpy as np

from kerasocc.datasets.spool import spool
from kerasocc.rows import Rows, chunks, is_lazy

CHUNK_ROWS = 2**16


IMPUTE = "Pass `missing='median'` to put in the medians of the training rows."


def refuse_missing(name: str, x: np.ndarray | Rows, first_row: int = 0, hint: str = IMPUTE) -> None:
    """Raise `ValueError` naming row and column of the first value that is not finite.

    Args:
        name: Of the table.
        x: Shape `(rows, columns)`.
        first_row: Number of the first of these rows.
        hint: What to do about it.
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
    """Medians of the finite values per column, shape `(columns,)`; 0 where there are none.

    Args:
        x: Shape `(rows, columns)`; read column by column if it is on disk.
    """
    if not is_lazy(x):
        return np.array([_median(column) for column in np.asarray(x).T], "float32")
    columns = range(x.shape[1])
    parts = ((chunk[:, c] for chunk in chunks(x, CHUNK_ROWS)) for c in columns)
    return np.array([_median(np.concatenate(list(part))) for part in parts], "float32")


def filled(x: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Put `values`, shape `(columns,)`, where `x`, shape `(rows, columns)`, is not finite."""
    return np.where(np.isfinite(x), x, values).astype("float32")


def fill_rows(x: np.ndarray | Rows, values: np.ndarray) -> np.ndarray | Rows:
    """As `filled`, for at least one row, which need not fit into memory."""
    return spool(filled(chunk, values) for chunk in chunks(x, CHUNK_ROWS))


def _median(column: np.ndarray) -> float:
    finite = column[np.isfinite(column)]
    return float(np.median(finite)) if len(finite) else 0.0
