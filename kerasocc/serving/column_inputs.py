"""Columns of a table as the inputs of a served model that has one for each of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from kerasocc.datasets.columns.encoders import category_texts, numbers_of
from kerasocc.datasets.columns.input_names import input_names
from kerasocc.datasets.columns.named_columns import NamedColumns, named_columns
from kerasocc.datasets.columns.values import plain_values

TEXT = "string"
"""Dtype of an input that takes text: categories, and dates as ISO 8601."""


class ColumnInputs(NamedTuple):
    """Rows of a table for a served model.

    Attributes:
        values: Numbers or texts of shape `(rows,)`, by the names of the inputs.
        bad: Mask of the rows that are no input, shape `(rows,)`: a number is text, or too large.
    """

    values: dict[str, list[Any]]
    bad: np.ndarray

    def take(self, rows: np.ndarray) -> dict[str, list[Any]]:
        """The values of some rows, a mask."""
        chosen = np.flatnonzero(rows)
        return {name: [column[i] for i in chosen] for name, column in self.values.items()}


def column_inputs(table: Any, dtypes: Mapping[str, str]) -> ColumnInputs:
    """What to send for the rows of a table.

    Args:
        table: A data frame, a dict of columns or `NamedColumns`. Columns that the model does not
            take are left out.
        dtypes: `TEXT`, `"float32"` or `"float64"`, by the names of the inputs.

    Raises:
        ValueError: If the table has no column for an input.
    """
    columns = table if isinstance(table, NamedColumns) else named_columns(table)
    names = {name: column for column, name in input_names(columns.names).items()}
    absent = [name for name in dtypes if name not in names]
    if absent:
        raise ValueError(
            f"`x` must have a column for each input of the served model. Received: none for "
            f"{absent}, but {list(columns.names)}"
        )
    values, bad = {}, np.zeros(len(columns), bool)
    for name, dtype in dtypes.items():
        column = columns.columns[names[name]]
        if dtype == TEXT:
            values[name] = _texts(column)
            continue
        numbers, wrong = numbers_of(column)
        bad |= wrong | (np.abs(np.nan_to_num(numbers, nan=0.0)) > np.finfo("float32").max)
        values[name] = numbers.tolist()
    return ColumnInputs(values, bad)


def _texts(column: np.ndarray) -> list[str]:
    return list(plain_values(column) if column.dtype.kind == "M" else category_texts(column))
