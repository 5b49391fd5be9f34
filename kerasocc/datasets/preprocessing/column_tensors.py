"""Columns of a table as tensors of TensorFlow: what exported models make features of.

`TableFeatures.encode` does the same on NumPy arrays, on every backend.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np

from kerasocc.datasets.columns.dates import DATE_TEXT, TIME_TEXT
from kerasocc.datasets.columns.encoders import (
    MISSING,
    CategoryColumn,
    Column,
    DateColumn,
    FrequencyColumn,
    NumberColumn,
)
from kerasocc.datasets.columns.input_names import input_names
from kerasocc.datasets.preprocessing.table_features import TableFeatures


class ColumnTensors:
    """Makes features of tensors, one for each column.

    Args:
        features: An adapted layer.

    Attributes:
        names: What the inputs are called, by the names of the columns: letters, digits and
            underscores alone, which is all that signatures can have.
        lookups: The Keras layers that hold the values of categories.
    """

    def __init__(self, features: TableFeatures):
        self._columns = features.columns
        self._sample_dtype = features.sample_dtype
        self.names = input_names([column.name for column in self._columns])
        self.lookups = {
            column.name: _lookup(column)
            for column in self._columns
            if isinstance(column, (CategoryColumn, FrequencyColumn))
        }

    def specs(self) -> dict[str, Any]:
        """`tf.TensorSpec`s of the inputs, shape `(batch,)`, by their names."""
        import tensorflow as tf

        return {
            self.names[column.name]: tf.TensorSpec(
                (None,), self.dtype(column), name=self.names[column.name]
            )
            for column in self._columns
        }

    def example_features(self) -> dict[str, Any]:
        """What `tf.io.parse_example` takes, by the names of the columns.

        An example has no float64: such numbers are text.
        """
        import tensorflow as tf

        found = {}
        for column in self._columns:
            is_float = self.dtype(column) == "float32"
            found[column.name] = tf.io.FixedLenFeature(
                [], "float32" if is_float else "string", np.nan if is_float else MISSING
            )
        return found

    @staticmethod
    def dtype(column: Column) -> str:
        """Dtype of an input: float64 where float32 would lose what tells the values apart."""
        if isinstance(column, NumberColumn):
            return "float64" if column.precise or column.center else "float32"
        return "string"

    def from_inputs(self, inputs: Mapping[str, Any]) -> Any:
        """Features of inputs by their names, shape `(batch, features)`, of `sample_dtype`."""
        return self({column.name: inputs[self.names[column.name]] for column in self._columns})

    def __call__(self, columns: Mapping[str, Any]) -> Any:
        """Features of columns by their names, shape `(batch, features)`, of `sample_dtype`."""
        import tensorflow as tf

        parts = [self._encode(column, columns[column.name]) for column in self._columns]
        return tf.concat([tf.cast(part, self._sample_dtype) for part in parts], axis=1)

    def _encode(self, column: Column, values: Any) -> Any:
        import tensorflow as tf

        if isinstance(column, DateColumn):
            return _date_features(column, values)
        if isinstance(column, CategoryColumn):
            return tf.one_hot(self._codes(column, values), len(column.values) + 1, dtype="float32")
        if isinstance(column, FrequencyColumn):
            return tf.gather(column.bits, self._codes(column, values))[:, None]
        if values.dtype == tf.string:
            text = tf.where(tf.equal(values, MISSING), "nan", values)
            numbers = tf.strings.to_number(text, "float64")
        else:
            numbers = tf.cast(values, "float64")
        if column.fill is not None:
            numbers = tf.where(tf.math.is_nan(numbers), tf.cast(column.fill, "float64"), numbers)
        return (numbers - column.center)[:, None]

    def _codes(self, column: CategoryColumn | FrequencyColumn, values: Any) -> Any:
        """Positions of texts among the values of a column, the last one for all others."""
        import tensorflow as tf

        # The lookup has the unknown values first.
        return tf.math.floormod(self.lookups[column.name](values) - 1, len(column.values) + 1)


def _lookup(column: CategoryColumn | FrequencyColumn) -> keras.layers.StringLookup:
    unknown = "[UNK]"
    while unknown in column.values:
        unknown += "_"
    lookup = keras.layers.StringLookup(
        vocabulary=list(column.values), num_oov_indices=1, oov_token=unknown
    )
    lookup(np.array([MISSING]))  # exports take layers that were called
    return lookup


def _date_features(column: DateColumn, text: Any) -> Any:
    """As `dates.part_values`, of ISO 8601 text; another text is an error of TensorFlow."""
    import tensorflow as tf

    missing = tf.equal(text, MISSING)
    fits = tf.strings.regex_full_match(text, f"(?:{DATE_TEXT})|(?:{TIME_TEXT})")
    if column.allows_missing:
        fits = tf.logical_or(fits, missing)
    check = tf.debugging.Assert(
        tf.reduce_all(fits), [f"Column {column.name!r} must hold dates such as 2024-01-31"]
    )
    with tf.control_dependencies([check] if check is not None else []):
        text = tf.where(missing, "1970-01-01", text)
    for pattern, rewritten in (
        (r"^(\d\d:\d\d.*)$", r"1970-01-01T\1"),
        (r"^(\d{4}-\d\d-\d\d)$", r"\1T00:00:00"),
        (r"^(\d{4}-\d\d-\d\d[T ]\d\d:\d\d)(?:[^:].*)?$", r"\1:00"),
    ):
        text = tf.strings.regex_replace(text, pattern, rewritten)
    # year-month-dayThour:minute:second
    year, month, day, hour, minute, second = (
        tf.strings.to_number(tf.strings.substr(text, start, length), "int32")
        for start, length in ((0, 4), (5, 2), (8, 2), (11, 2), (14, 2), (17, 2))
    )
    phases = {
        "time": (hour * 3600 + minute * 60 + second, 86400),
        "weekday": (tf.math.floormod(_days(year, month, day) + 3, 7), 7),
        "day": (day - 1, 31),
        "month": (month - 1, 12),
    }
    found = []
    for part in column.parts:
        count, period = phases[part]
        angle = 2 * np.pi * tf.cast(count, "float64") / period
        found += [tf.sin(angle), tf.cos(angle)]
    if not found:
        return tf.zeros((tf.shape(text)[0], 0))
    return tf.where(missing[:, None], tf.zeros((), "float64"), tf.stack(found, axis=1))


def _days(year: Any, month: Any, day: Any) -> Any:
    """Days since 1970-01-01 in the Gregorian calendar, whose years begin with March here."""
    import tensorflow as tf

    year = tf.where(month <= 2, year - 1, year)
    before_month = (153 * tf.math.floormod(month + 9, 12) + 2) // 5
    leap_days = year // 4 - year // 100 + year // 400
    return 365 * year + leap_days + before_month + day - 1 - 719468
