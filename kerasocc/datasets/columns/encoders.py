"""Columns as features: what is known of a column, and its values as numbers.

Each class stands for one column of a table, is a value that JSON can hold, and computes in
float64. `preprocessing.column_tensors` does the same on tensors of TensorFlow.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from kerasocc.datasets.columns.dates import parse_dates, part_names, part_values
from kerasocc.datasets.columns.named_columns import as_objects, is_missing
from kerasocc.datasets.columns.values import canonical_text

BOOLEANS = {t: float(t.lower() == "true") for t in ("True", "TRUE", "true")}
BOOLEANS |= dict.fromkeys(("False", "FALSE", "false"), 0.0)
"""Numbers that stand for booleans as text."""

MISSING = ""
"""The value of a category that stands for a missing one, and for an empty text."""


@dataclass(frozen=True)
class NumberColumn:
    """A column of numbers or booleans: itself.

    Attributes:
        name: Name of the column.
        fill: Replaces missing values; None if they are an error.
        center: Is subtracted. 0 but for models of older versions: now the scaling subtracts
            offsets, from the rows of frames and of arrays alike.
        precise: Whether the values (such as seconds since 1970) differ by less than float32 can
            tell, so that they are float64 until they are scaled.
    """

    name: str
    fill: float | None = None
    center: float = 0.0
    precise: bool = False

    @property
    def feature_names(self) -> tuple[str, ...]:
        """Names of the features that the column becomes."""
        return (self.name,)

    @property
    def fills(self) -> np.ndarray:
        """What replaces missing features, NaN for nothing, shape `(features,)`."""
        return np.array([np.nan if self.fill is None else self.fill - self.center])

    def is_bad(self, values: np.ndarray) -> np.ndarray:
        """Return which values cannot be encoded, shape `(rows,)`, bool."""
        numbers, wrong = numbers_of(values)
        if self.fill is not None:
            numbers = np.where(np.isnan(numbers), self.fill, numbers)
        return wrong | ~(np.abs(numbers) <= np.finfo("float32").max)

    def encode(self, values: np.ndarray) -> np.ndarray:
        """Return the features of values, shape `(rows,)`, as float64 `(rows, features)`."""
        numbers = numbers_of(values)[0]
        if self.fill is not None:
            numbers = np.where(np.isnan(numbers), self.fill, numbers)
        return (numbers - self.center)[:, None]


@dataclass(frozen=True)
class CategoryColumn:
    """A column of categories: one feature for each value, and one for all others.

    Attributes:
        name: Name of the column.
        values: The values that have a feature of their own, as text; `MISSING` among them if
            values were missing. Another value, seen in training or not, has the last feature.
        allows_missing: Whether a missing value is a value; else it is an error.
    """

    name: str
    values: tuple[str, ...]
    allows_missing: bool = False

    @property
    def feature_names(self) -> tuple[str, ...]:
        """Names of the features that the column becomes."""
        return (*(f"{self.name}={value}" for value in self.values), f"{self.name}=(other)")

    @property
    def fills(self) -> np.ndarray:
        """What replaces missing features: nothing, shape `(features,)`."""
        return np.full(len(self.feature_names), np.nan)

    def is_bad(self, values: np.ndarray) -> np.ndarray:
        """Return which values cannot be encoded, shape `(rows,)`, bool."""
        return is_missing(values) & (not self.allows_missing)

    def encode(self, values: np.ndarray) -> np.ndarray:
        """Return the features of values, shape `(rows,)`, as float64 `(rows, features)`."""
        return np.eye(len(self.values) + 1)[_codes(values, self.values)]


@dataclass(frozen=True)
class FrequencyColumn:
    """A column of categories with many values: how rare a value was in training, in bits.

    That is `log2((n + 1) / (m + 1))` for a value of `m` of the `n` training rows: 0 for one that
    all rows have, a bit more for every time that it is half as frequent, and the most for a value
    that training has not seen.

    Attributes:
        name: Name of the column.
        values: The values that training has seen, as text; `MISSING` among them if values were
            missing.
        counts: The numbers of rows that had them.
        rows: The number of training rows.
        allows_missing: Whether a missing value is a value; else it is an error.
    """

    name: str
    values: tuple[str, ...]
    counts: tuple[int, ...]
    rows: int
    allows_missing: bool = False

    @property
    def feature_names(self) -> tuple[str, ...]:
        """Names of the features that the column becomes."""
        return (f"{self.name}:rarity",)

    @property
    def fills(self) -> np.ndarray:
        """What replaces missing features: nothing, shape `(features,)`."""
        return np.full(1, np.nan)

    @property
    def bits(self) -> np.ndarray:
        """The feature of each of `values`, and that of all others, shape `(values + 1,)`."""
        return np.log2((self.rows + 1) / (np.array([*self.counts, 0]) + 1.0))

    def is_bad(self, values: np.ndarray) -> np.ndarray:
        """Return which values cannot be encoded, shape `(rows,)`, bool."""
        return is_missing(values) & (not self.allows_missing)

    def encode(self, values: np.ndarray) -> np.ndarray:
        """Return the features of values, shape `(rows,)`, as float64 `(rows, features)`."""
        return self.bits[_codes(values, self.values)][:, None]


@dataclass(frozen=True)
class DateColumn:
    """A column of dates, times, or both: sine and cosine of their periodic parts.

    The year and the position in time are no features: those of new rows would all lie beyond
    those of the training rows.

    Attributes:
        name: Name of the column.
        parts: Among `dates.PERIODS`.
        allows_missing: Whether a missing value, whose features are 0, is allowed.
    """

    name: str
    parts: tuple[str, ...]
    allows_missing: bool = False

    @property
    def feature_names(self) -> tuple[str, ...]:
        """Names of the features that the column becomes."""
        return tuple(f"{self.name}:{part}" for part in part_names(self.parts))

    @property
    def fills(self) -> np.ndarray:
        """What replaces missing features: nothing, shape `(features,)`."""
        return np.full(len(self.feature_names), np.nan)

    def is_bad(self, values: np.ndarray) -> np.ndarray:
        """Return which values cannot be encoded, shape `(rows,)`, bool."""
        moments, wrong = parse_dates(values)
        return wrong | (np.isnat(moments) & (not self.allows_missing))

    def encode(self, values: np.ndarray) -> np.ndarray:
        """Return the features of values, shape `(rows,)`, as float64 `(rows, features)`."""
        return part_values(parse_dates(values)[0], self.parts)


Column = NumberColumn | CategoryColumn | FrequencyColumn | DateColumn

_KINDS: dict[str, type] = {
    "number": NumberColumn,
    "category": CategoryColumn,
    "frequency": FrequencyColumn,
    "date": DateColumn,
}


def to_config(column: Column) -> dict[str, Any]:
    """Return a column as what JSON can hold; `from_config` returns an equal one."""
    kind = next(kind for kind, cls in _KINDS.items() if isinstance(column, cls))
    return {"kind": kind, **dataclasses.asdict(column)}


def from_config(config: Mapping[str, Any]) -> Column:
    """Return the column that `to_config` has described."""
    cls = _KINDS[config["kind"]]
    values = {name: value for name, value in config.items() if name != "kind"}
    return cls(**{n: tuple(v) if isinstance(v, list) else v for n, v in values.items()})


def category_texts(values: np.ndarray) -> list[str]:
    """The values of a category as text, `MISSING` for those that are missing."""
    known: dict[Any, str] = {None: MISSING}
    found = []
    for value in as_objects(values):
        # 1 and True are one key, though not one text.
        key = (type(value), value)
        if key not in known:
            known[key] = canonical_text(value) or MISSING if value is not None else MISSING
        found.append(known[key])
    return found


def _codes(values: np.ndarray, known: Sequence[str]) -> np.ndarray:
    """The positions of categories among the known ones, `len(known)` for all others."""
    numbers = {value: number for number, value in enumerate(known)}
    if "1" not in numbers and "0" not in numbers:
        # A column of booleans alone is read as numbers.
        numbers |= {n: numbers[t] for n, t in (("1", "True"), ("0", "False")) if t in numbers}
    return np.array([numbers.get(text, len(known)) for text in category_texts(values)], int)


def numbers_of(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Read a column of numbers or booleans.

    Args:
        values: As `column_values` returns them, shape `(rows,)`.

    Returns:
        float64 with NaN for what is missing or no number, and a mask of the latter.
    """
    if values.dtype.kind == "f":
        return values, np.zeros(len(values), bool)
    numbers = np.full(len(values), np.nan)
    wrong = ~is_missing(values)
    for row in np.flatnonzero(wrong) if values.dtype.kind == "O" else ():
        value = values[row]
        value = BOOLEANS.get(value) if isinstance(value, str) else float(value)
        if value is not None:
            numbers[row], wrong[row] = value, False
    return numbers, wrong
