"""Values of tables that are missing or beyond the range of numbers: refused, or filled.

A missing value is NaN. Infinity, and what is infinite as float32, is no missing value but a
wrong or an extreme one: it is never filled.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from kerasocc.datasets.storage.rows import Rows, chunks, is_lazy
from kerasocc.datasets.storage.spooling import spool

CHUNK_ROWS = 2**16
LARGEST = float(np.finfo("float32").max)
"""The largest number that models take."""
IMPUTE = "Pass `missing='median'` to put in the medians of the training rows."

BEYOND = "They are not missing, so that `missing` does not replace them: correct the rows."


def is_beyond(x: np.ndarray) -> np.ndarray:
    """Return a mask of the values that are infinite as float32."""
    return np.abs(x) > LARGEST


def is_finite(x: np.ndarray) -> bool:
    """Return whether all values are finite as float32; sooner than `is_beyond` and `isnan` do."""
    # NaN is neither above nor below.
    return bool(x.max(initial=0) <= LARGEST and x.min(initial=0) >= -LARGEST)


def refuse_missing(
    name: str,
    x: np.ndarray | Rows,
    first_row: int = 0,
    hint: str = IMPUTE,
    *,
    columns: Sequence[str] | None = None,
    place: Callable[[int], str] = "row {}".format,
    only_infinite: bool = False,
) -> None:
    """Raise `ValueError` for values that are missing or infinite; names the place of the first.

    Args:
        name: Name of the table.
        x: Shape `(rows, columns)`.
        first_row: Index in the table of the first row of `x`.
        hint: Advice at the end of the message.
        columns: Names of the columns, None if they have none.
        place: From the index of a row in the table to where it stands, in words.
        only_infinite: Whether missing values are allowed.
    """
    count, missing, first, start = 0, 0, None, first_row
    for chunk in chunks(x, CHUNK_ROWS):
        bad = np.argwhere(is_beyond(chunk) if only_infinite else ~(np.abs(chunk) <= LARGEST))
        if len(bad) and first is None:
            first = (start + int(bad[0, 0]), int(bad[0, 1]))
        count += len(bad)
        missing += int(np.isnan(chunk).sum())
        start += len(chunk)
    if first is not None:
        if hint == IMPUTE and not missing:
            hint = BEYOND
        what = (
            "values that are infinite as float32" if only_infinite else "missing or infinite values"
        )
        column = first[1] if columns is None else repr(columns[first[1]])
        raise ValueError(
            f"{name!r} has {count} {what}, the first in {place(first[0])}, column {column}. {hint}"
        )


def medians(x: np.ndarray | Rows) -> np.ndarray:
    """Compute the median of the values per column that are not missing, 0 without any.

    Args:
        x: Shape `(rows, columns)`; read once per column if it is on disk.

    Returns:
        Shape `(columns,)`, of the dtype of `x`.
    """
    if not is_lazy(x):
        return np.array([_median(column) for column in np.asarray(x).T], x.dtype)
    columns = range(x.shape[1])
    parts = ((chunk[:, c] for chunk in chunks(x, CHUNK_ROWS)) for c in columns)
    return np.array([_median(np.concatenate(list(part))) for part in parts], x.dtype)


def filled(x: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Replace what is NaN in `x`, `(rows, columns)`, by `values`, `(columns,)`."""
    return np.where(np.isnan(x), values.astype(x.dtype), x)


def fill_rows(x: np.ndarray | Rows, values: np.ndarray) -> np.ndarray | Rows:
    """Apply `filled` in chunks to at least one row; the rows need not fit into memory."""
    return spool(filled(chunk, values) for chunk in chunks(x, CHUNK_ROWS))


def _median(column: np.ndarray) -> float:
    present = column[~np.isnan(column)]
    return float(np.median(present)) if len(present) else 0.0
