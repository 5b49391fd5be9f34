"""Whether numbers keep what distinguishes them when they are cast to float32."""

from __future__ import annotations

import numpy as np

TOLERANCE = 1e-4
"""Rounding error of float32, in units of the spread of a column, above which it matters."""


def loses_in_float32(x: np.ndarray) -> bool:
    """Return whether a column of numbers differs by little more than float32 rounds off.

    Seconds since 1970 are an example: float32 rounds them to multiples of 128. What counts is
    the middle half of a column: few large values next to many small ones lose nothing.

    Args:
        x: Shape `(rows, columns)`, or of more dimensions, for which the answer is no; NaN and
            infinity are left out.
    """
    if x.ndim != 2 or x.dtype.kind not in "iuf" or x.dtype.itemsize < 4 or x.dtype == "float32":
        return False
    values = x.astype("float64")
    values[~np.isfinite(values)] = np.nan
    columns = values[:, ~np.isnan(values).all(axis=0)]
    if not columns.size:
        return False
    low, high = np.nanpercentile(columns, [25, 75], axis=0)
    constant = low == high
    if constant.any():
        # More than half of the values are equal: the others have to differ from them.
        low[constant] = np.nanmin(columns[:, constant], axis=0)
        high[constant] = np.nanmax(columns[:, constant], axis=0)
    size = np.minimum(np.maximum(np.abs(low), np.abs(high)), np.finfo("float32").max)
    size = size.astype("float32")
    # Towards 0, as the largest number has none above it.
    rounding = (size - np.nextafter(size, np.float32(0))).astype("float64") / 2
    return bool(np.any((high > low) & (rounding > TOLERANCE * (high - low))))


def in_two_parts(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Split float64 numbers into a float32 part and the float32 rest."""
    high = np.float32(values)
    return high, np.float32(values - high.astype("float64"))
