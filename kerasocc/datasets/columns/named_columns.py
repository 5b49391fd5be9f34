"""Columns by name: data frames and dicts of columns, as NumPy arrays of a few dtypes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from kerasocc.datasets.columns.values import column_values, is_of_pandas


@dataclass(frozen=True)
class NamedColumns:
    """Columns of a table, all of one length.

    Attributes:
        columns: Arrays of shape `(rows,)` by name: float64 with NaN for missing values,
            datetime64 with NaT, or object with text and None.
        has_names: Whether the names are names: a frame made of an array has numbers.
    """

    columns: dict[str, np.ndarray]
    has_names: bool = True

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns, in their order."""
        return tuple(self.columns)

    def __len__(self) -> int:
        return len(next(iter(self.columns.values()), ()))

    def __getitem__(self, rows: np.ndarray | slice) -> NamedColumns:
        return self.take(rows)

    def select(self, names: Iterable[str]) -> NamedColumns:
        """Return some columns, in the order of `names`."""
        return NamedColumns({name: self.columns[name] for name in names}, self.has_names)

    def without(self, names: Iterable[str]) -> NamedColumns:
        """Return the columns except some."""
        left_out = set(names)
        return self.select(name for name in self.columns if name not in left_out)

    def take(self, rows: np.ndarray | slice) -> NamedColumns:
        """Return some rows: indices, a mask of shape `(rows,)` or a slice."""
        return NamedColumns({n: c[rows] for n, c in self.columns.items()}, self.has_names)


def as_objects(values: np.ndarray) -> np.ndarray:
    """Return a column as objects, missing values as None."""
    objects = values.astype(object)
    objects[is_missing(values)] = None
    return objects


def is_missing(values: np.ndarray) -> np.ndarray:
    """Return which values of a column are missing, shape `(rows,)`, bool."""
    if values.dtype.kind == "O":
        return np.array([value is None for value in values], bool)
    return np.isnat(values) if values.dtype.kind == "M" else np.isnan(values)


def is_frame(x: Any) -> bool:
    """Return whether `x` is a data frame of pandas, or of a package that converts to it."""
    if is_of_pandas(x, "DataFrame"):
        return True
    # Tables of Arrow and frames of polars, among others.
    return hasattr(x, "to_pandas") and hasattr(x, "columns")


def is_tabular(x: Any) -> bool:
    """Return whether `x` has named columns: a data frame, or a dict of columns."""
    return isinstance(x, (Mapping, NamedColumns)) or is_frame(x)


def named_columns(x: Any, name: str = "x") -> NamedColumns:
    """Read a data frame or a dict of columns.

    Args:
        x: What `is_tabular` is true of: of a frame numbers, booleans, text, categories, dates
            and times, nullable and Arrow types included.
        name: Of the argument, for errors.

    Raises:
        ValueError: For names that occur twice, columns of unequal length, and values that
            are none of these; names the column.
    """
    if isinstance(x, NamedColumns):
        return x
    if isinstance(x, Mapping):
        return _from_mapping(x, name)
    frame = x if is_of_pandas(x, "DataFrame") else x.to_pandas()
    names = list(frame.columns)
    twice = sorted({str(n) for n in names if names.count(n) > 1})
    if twice:
        raise ValueError(
            f"`{name}` must have a name for each of its columns. Received: {twice} more than once"
        )
    texts = [isinstance(n, str) for n in names]
    if any(texts) and not all(texts):
        other = next(n for n in names if not isinstance(n, str))
        raise ValueError(
            f"`{name}` must have columns with names, or with numbers, not both. Received: "
            f"{[n for n in names if isinstance(n, str)][:3]} and {other!r}"
        )
    columns = {str(n): column_values(frame[n], str(n), name) for n in names}
    return NamedColumns(columns, has_names=all(texts) and bool(texts))


def check_names(names: Iterable[str], expected: Iterable[str], also: Iterable[str] = ()) -> None:
    """Raise `ValueError` unless all of the expected columns are there, and no other.

    Args:
        names: Of the columns that are there.
        expected: Of those that must be.
        also: Of those that may be there, and are not read.
    """
    names, expected = list(names), list(expected)
    # As sets: wide tables have thousands of names, and every score looks at them.
    there, known = set(names), {*expected, *also}
    missing = [name for name in expected if name not in there]
    foreign = [name for name in names if name not in known]
    if not missing and not foreign:
        return
    found = [f"no column {missing[:10]}"] * bool(missing)
    found += [f"foreign columns {foreign[:10]}"] * bool(foreign)
    raise ValueError(
        f"`x` must have the columns that the model was fitted on, {expected[:20]}, in any order. "
        f"Received: {' and '.join(found)}"
    )


def _from_mapping(x: Mapping, name: str) -> NamedColumns:
    wrong = [key for key in x if not isinstance(key, str)]
    if wrong:
        raise ValueError(
            f"`{name}` must be a dict from names to columns. Received: the key {wrong[0]!r}"
        )
    columns = {key: column_values(value, key, name) for key, value in x.items()}
    lengths = {key: len(values) for key, values in columns.items()}
    if len(set(lengths.values())) > 1:
        raise ValueError(
            f"`{name}` must hold columns of one length. Received: the lengths {lengths}"
        )
    return NamedColumns(columns)
