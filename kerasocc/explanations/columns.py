"""Contributions of the columns of a table."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def sum_over_columns(contributions: np.ndarray, groups: Sequence[np.ndarray]) -> np.ndarray:
    """Contributions of columns from those of the features that they are encoded as.

    Args:
        contributions: Shape `(samples, features)`.
        groups: Positions of the features of every column.

    Returns:
        Shape `(samples, columns)`.
    """
    return np.stack([contributions[:, group].sum(axis=1) for group in groups], axis=1)


def typical_row(values: np.ndarray, groups: Sequence[np.ndarray]) -> np.ndarray:
    """A typical row: the median of columns with one feature, the most frequent of the others.

    The median of the features of a category may belong to no category.

    Args:
        values: Shape `(samples, features)`; NaN where a value is missing.
        groups: Positions of the features of every column.

    Returns:
        Shape `(1, features)`; NaN for features without any value.
    """
    found = np.full((1, values.shape[1]), np.nan, values.dtype)
    for group in groups:
        part = values[:, group]
        part = part[~np.isnan(part).any(axis=1)]
        if not len(part):
            continue
        if len(group) == 1:
            found[0, group] = np.median(part)
            continue
        rows, counts = np.unique(part, axis=0, return_counts=True)
        found[0, group] = rows[counts.argmax()]
    return found


def top_columns(
    contributions: np.ndarray, names: Sequence[str], count: int = 3
) -> list[list[tuple[str, float]]]:
    """The columns that raised each score most, the largest contribution first.

    Args:
        contributions: Shape `(samples, columns)`.
        names: Of the columns.
        count: Most columns of a row; those that do not raise the score are left out.

    Returns:
        For every sample pairs of a name and its contribution.

    Example:
        >>> top_columns(np.array([[0.1, 2.0, -1.0]]), ["age", "height", "weight"])
        [[('height', 2.0), ('age', 0.1)]]
    """
    order = np.argsort(-contributions, axis=1, kind="stable")[:, :count]
    return [
        [(names[c], float(row[c])) for c in columns if row[c] > 0]
        for row, columns in zip(contributions, order, strict=True)
    ]
