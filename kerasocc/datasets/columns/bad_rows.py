"""Rows of a table that cannot become features, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np

from kerasocc.datasets.columns.encoders import Column, NumberColumn
from kerasocc.datasets.columns.named_columns import NamedColumns


class BadRows(NamedTuple):
    """Rows of a table that cannot be encoded.

    Attributes:
        rows: Which they are, a mask of shape `(rows,)`.
        first_row: The first of them.
        column: The first column that cannot encode it.
        value: Its value there.
    """

    rows: np.ndarray
    first_row: int
    column: Column
    value: Any

    def message(self, place: str) -> str:
        """What is wrong with the first of them, in a sentence; `place` says where it stands."""
        return refusal(self.column, self.value, place)


def find_bad_rows(table: NamedColumns, columns: Iterable[Column]) -> BadRows | None:
    """Find the rows that columns cannot encode; None if there are none."""
    rows, found = np.zeros(len(table), bool), []
    for column in columns:
        bad = column.is_bad(table.columns[column.name])
        rows |= bad
        if bad.any():
            found.append((int(bad.argmax()), column))
    if not found:
        return None
    first, column = min(found, key=lambda entry: entry[0])
    return BadRows(rows, first, column, table.columns[column.name][first])


def refusal(column: Column, value: Any, place: str) -> str:
    """Return what is wrong with a value that a column cannot encode, in a sentence.

    Args:
        column: The column.
        value: An entry of what `column_values` returns.
        place: Where it stands, in words.
    """
    name = column.name
    if value is None or value != value:
        return (
            f"Column {name!r} must not have missing values. Received: one in {place}; "
            "`missing='median'` in training puts in medians of numbers and takes missing text for "
            "a value"
        )
    expected = "dates such as 2024-01-31 or 2024-01-31 12:00:00"
    if isinstance(column, NumberColumn):
        expected = "numbers that are finite as float32"
    shown = str(value) if isinstance(value, (float, np.datetime64)) else repr(value)
    return f"Column {name!r} must hold {expected}, as in training. Received: {shown} in {place}"
