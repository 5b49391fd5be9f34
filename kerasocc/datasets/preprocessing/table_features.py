"""Keras layer that makes numbers of the columns of a table: categories, dates, missing values."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from kerasocc.checks import check_choice, check_integer
from kerasocc.datasets.columns.bad_rows import BadRows, find_bad_rows
from kerasocc.datasets.columns.encoders import (
    Column,
    NumberColumn,
    from_config,
    to_config,
)
from kerasocc.datasets.columns.kinds import MAX_CATEGORIES, fit_columns, kinds_of
from kerasocc.datasets.columns.named_columns import (
    NamedColumns,
    check_names,
    is_tabular,
    named_columns,
)
from kerasocc.datasets.preprocessing.offsets import has_float64
from kerasocc.datasets.preprocessing.recipes import TABLE_PREPROCESSINGS

CHUNK_ROWS = 2**14


@keras.saving.register_keras_serializable(package="kerasocc")
class TableFeatures(keras.layers.Layer):
    """Make features of the columns of a table, and scale them.

    The `preprocessing` of a model that takes data frames, dicts of columns, or the rows of a
    file with text and dates. `adapt` finds out what each column holds:

    - numbers and booleans are a feature themselves;
    - text and categories have a feature for each of their (at most `max_categories`, most
      frequent) values, 1 where it occurs, and one more for all other values. So a value that
      training has not seen is defined: it is like the rare ones, or, where there were none, like
      nothing in training;
    - dates and times, typed or as ISO 8601 text, become sine and cosine of those of their parts
      (time of the day, weekday, day of the month, month) that vary. Year and position in time
      are left out: those of new rows would all be new. Dates in other forms are refused by name.

    The layer computes on numbers alone, on every backend: `encode` makes a matrix of a table, and
    calling the layer scales such a matrix. Models do the former in `fit`, `score` and all other
    methods that take samples; exported SavedModels do both. Keras's `FeatureSpace` is not used
    because it needs TensorFlow to score; the exported graph is made of its `StringLookup`.

    Args:
        missing: `"error"`, or `"median"`: missing numbers become medians, missing text a value
            of its own, and the features of missing dates 0.
        categories: Names of columns that hold categories although they are numbers.
        frequencies: Names of columns of categories that become one feature each, how rare a value
            was in training, see `FrequencyColumn`. For columns of many values, whose features of
            their own would outweigh all else. There are no learned embeddings: the first layer of
            an encoder learns one from the features of the values already, none is learned for a
            value that training has not seen, and nearest neighbours learn nothing.
        max_categories: Most values of a category that have a feature of their own.
        scaling: `"min-max"`, `"standard"`, None, or an adapted layer for the features.
        columns: What `adapt` has found, set by it.
        also: Names of columns that a table may have beside these; they are not read.
        name: Name of the layer.

    Attributes:
        columns: The columns that have been found, in their order; empty before `adapt`.

    Example:
        >>> features = kerasocc.datasets.TableFeatures(missing="median")
        >>> features.adapt(frame)
        >>> encoder = kerasocc.networks.mlp([features.width, 32, 16])
        >>> model = kerasocc.DeepSVDD(encoder, preprocessing=features)
        >>> model.compile()
        >>> model.fit(frame)
        >>> model.score(new_frame)
    """

    def __init__(
        self,
        *,
        missing: str = "error",
        categories: Collection[str] = (),
        frequencies: Collection[str] = (),
        max_categories: int = MAX_CATEGORIES,
        scaling: str | keras.layers.Layer | None = "min-max",
        columns: Iterable[Any] = (),
        also: Iterable[str] = (),
        name: str | None = None,
    ):
        # Without autocast float64 reaches the scaling, which subtracts an offset first.
        super().__init__(name=name, dtype="float32", autocast=False)
        self.missing = check_choice("missing", missing, ["error", "median"])
        self.categories = tuple(categories)
        self.frequencies = tuple(frequencies)
        self.max_categories = check_integer("max_categories", max_categories, minimum=1)
        if isinstance(scaling, str):
            check_choice("scaling", scaling, TABLE_PREPROCESSINGS)
        self.scaling = scaling
        self.also = tuple(also)
        self._columns = [to_config(c) if isinstance(c, Column) else dict(c) for c in columns]

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns that have been found, in their order."""
        return tuple(map(from_config, self._columns))

    @property
    def feature_names(self) -> tuple[str, ...] | None:
        """Names of the columns of a table, None before `adapt`."""
        return tuple(config["name"] for config in self._columns) or None

    @property
    def sample_dtype(self) -> str:
        """The dtype of the features before they are scaled, `"float32"` or `"float64"`."""
        return getattr(self.scaling, "sample_dtype", "float32")

    @property
    def exact_dtype(self) -> str:
        """The dtype that loses nothing of the features, which a scaling is adapted in."""
        precise = any(isinstance(c, NumberColumn) and c.precise for c in self.columns)
        return "float64" if precise else "float32"

    @property
    def encoded_names(self) -> tuple[str, ...]:
        """Names of the features, such as `city=Berlin`."""
        return tuple(name for column in self.columns for name in column.feature_names)

    @property
    def width(self) -> int:
        """Number of the features."""
        return len(self.encoded_names)

    @property
    def is_numeric(self) -> bool:
        """Whether the features are the columns themselves, but for missing values."""
        return all(isinstance(c, NumberColumn) and not c.center for c in self.columns)

    @property
    def text_columns(self) -> tuple[str, ...]:
        """Names of the columns that are no numbers."""
        return tuple(c.name for c in self.columns if not isinstance(c, NumberColumn))

    @property
    def special_columns(self) -> tuple[str, ...]:
        """Names of the columns that are not features as they are."""
        centered = (c.name for c in self.columns if isinstance(c, NumberColumn) and c.center)
        return (*self.text_columns, *centered)

    @property
    def fills(self) -> tuple[float, ...] | None:
        """What replaces missing numbers, where all features are numbers that may be missing."""
        values = np.concatenate([column.fills for column in self.columns])
        return None if np.isnan(values).any() else tuple(values.tolist())

    def adapt(self, x: Any) -> TableFeatures:
        """Find out what the columns hold, fit the scaling, and return self.

        Args:
            x: Data frame or dict of columns: the training rows.

        Raises:
            ValueError: For columns that cannot become features, by name.
        """
        if not is_tabular(x):
            raise ValueError(
                "`x` must be a data frame or a dict of columns. Received: x of type "
                f"{type(x).__name__}"
            )
        table = named_columns(x)
        kinds = kinds_of(table, self.categories, "`x`", frequencies=self.frequencies)
        found = fit_columns(table, kinds, missing=self.missing, max_categories=self.max_categories)
        return self.adapt_columns(found, table)

    def adapt_columns(self, columns: Sequence[Column], table: NamedColumns) -> TableFeatures:
        """As `adapt`, with columns that have been found already."""
        self._columns = [to_config(column) for column in columns]
        self._check_precision()
        return self.adapt_scaling(self.encode(table, self.exact_dtype))

    def adapt_scaling(self, features: Any) -> TableFeatures:
        """Fit the scaling on features of `exact_dtype`, array or `Rows` `(rows, features)`."""
        if isinstance(self.scaling, str):
            self.scaling = TABLE_PREPROCESSINGS[self.scaling](features)
        return self

    def _check_precision(self) -> None:
        """Refuse columns that would be rounded to float32, as no offset is subtracted first."""
        if isinstance(self.scaling, str) or self.sample_dtype == "float64" or not has_float64():
            return
        rounded = [c.name for c in self.columns if isinstance(c, NumberColumn) and c.precise]
        if rounded:
            raise ValueError(
                f"`scaling` must be one of {list(TABLE_PREPROCESSINGS)} for columns whose values "
                "float32 does not tell apart, such as seconds since 1970; or subtract a constant "
                f"from them. Received: scaling={self.scaling!r}, columns {rounded}"
            )

    def encode(self, x: Any, dtype: str | None = None) -> np.ndarray:
        """Make features of a table, not scaled.

        Args:
            x: Data frame or dict of columns, in any order.
            dtype: Of the result, None for `sample_dtype`.

        Returns:
            Shape `(rows, features)`.

        Raises:
            ValueError: If columns are missing or foreign, or hold what they did not hold in
                training; names them.
        """
        table = named_columns(x)
        bad = self.find_bad(table)
        if bad is not None:
            raise ValueError(bad.message(f"row {bad.first_row}"))
        encoded = np.empty((len(table), self.width), dtype or self.sample_dtype)
        start = 0
        for column in self.columns:
            values, stop = table.columns[column.name], start + len(column.feature_names)
            for row in range(0, len(table), CHUNK_ROWS):
                part = slice(row, row + CHUNK_ROWS)
                encoded[part, start:stop] = column.encode(values[part])
            start = stop
        return encoded

    def find_bad(self, x: Any) -> BadRows | None:
        """Find the rows of a table that `encode` cannot encode; None if there are none.

        Args:
            x: Data frame or dict of columns, in any order.

        Raises:
            ValueError: If columns are missing or foreign.
        """
        table = named_columns(x)
        check_names(table.names, [column.name for column in self.columns], self.also)
        return find_bad_rows(table, self.columns)

    def build(self, input_shape: Any) -> None:
        if isinstance(self.scaling, str) or not self._columns:
            raise ValueError(f"{self.name} must be adapted before it is used: call `adapt`.")
        if self.scaling is not None and not self.scaling.built:
            self.scaling.build(input_shape)
            self.scaling.built = True

    def call(self, x: Any) -> Any:
        """Scale features of shape `(batch, features)`."""
        if self.sample_dtype == "float32":
            x = ops.cast(x, "float32")
        x = self.fill(x)
        return x if self.scaling is None else self.scaling(x)

    def fill(self, x: Any) -> Any:
        """Replace missing numbers among features `(batch, features)`, where they are allowed."""
        values = np.concatenate([column.fills for column in self.columns])
        if np.isnan(values).all():
            return x
        return ops.where(ops.isnan(x), ops.cast(values, x.dtype), x)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape

    def get_config(self) -> dict[str, Any]:
        scaling = self.scaling
        return {
            "missing": self.missing,
            "categories": list(self.categories),
            **({"frequencies": list(self.frequencies)} if self.frequencies else {}),
            "max_categories": self.max_categories,
            "scaling": scaling
            if scaling is None or isinstance(scaling, str)
            else keras.saving.serialize_keras_object(scaling),
            "columns": [dict(column) for column in self._columns],
            "also": list(self.also),
            "name": self.name,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> TableFeatures:
        scaling = config["scaling"]
        if isinstance(scaling, dict):
            scaling = keras.saving.deserialize_keras_object(scaling)
        return cls(**{**config, "scaling": scaling})
