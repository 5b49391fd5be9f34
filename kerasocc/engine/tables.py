"""Tables as inputs of models: data frames, dicts of columns, sparse matrices."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import keras
import numpy as np

from kerasocc.datasets.columns.named_columns import (
    NamedColumns,
    check_names,
    is_missing,
    is_tabular,
    named_columns,
)
from kerasocc.datasets.preprocessing.table_features import TableFeatures
from kerasocc.engine.model_protocols import TrainableModel


def checked_names(
    names: Iterable[str] | None, features: TableFeatures | None = None
) -> tuple[str, ...] | None:
    """Names of columns, as a model remembers them.

    Args:
        names: As the user gave them, or None.
        features: What the model makes numbers of columns with, or None.

    Raises:
        ValueError: Unless they are different texts, and those of `features`.
    """
    known = None if features is None else features.feature_names
    if names is None:
        return known
    names = tuple(names)
    if any(not isinstance(name, str) for name in names) or len(set(names)) < len(names):
        raise ValueError(
            f"`feature_names` must be different names of columns. Received: {list(names)!r}"
        )
    if known is not None and names != known:
        raise ValueError(
            f"`feature_names` must be left out: `preprocessing` has the columns {list(known)}. "
            f"Received: {list(names)!r}"
        )
    return names


def new_names(model: TrainableModel, x: Any) -> tuple[str, ...] | None:
    """Names that a model learns from the samples of its first `fit`.

    Args:
        model: The model. One that was trained on arrays has no names for its columns.
        x: The samples.

    Returns:
        The names of the columns of a frame or a dict; None for anything without them, and for a
        model that has names or was trained.
    """
    trained = int(keras.ops.convert_to_numpy(model.epochs_trained)) > 0
    return None if model.feature_names is not None or trained else names_in(x)


def names_in(x: Any) -> tuple[str, ...] | None:
    """The names of the columns of a frame or a dict; None of anything without them."""
    if not is_tabular(x):
        return None
    table = named_columns(x)
    return table.names if table.has_names else None


def as_array(
    x: Any,
    feature_names: Sequence[str] | None,
    features: TableFeatures | None = None,
    dtype: str = "float32",
) -> Any:
    """Bring named columns into the form that a model takes.

    Args:
        x: Data for a model. What has no named columns is returned as it is.
        feature_names: Names that the model was fitted on, None for arrays: then columns count
            by their position.
        features: The `TableFeatures` of the model, or None: it makes numbers of text and dates.
        dtype: Of the result, the `sample_dtype` of the model.

    Returns:
        Shape `(rows, columns)`.

    Raises:
        ValueError: If columns are missing or foreign, or hold no finite numbers; names them.
    """
    if type(x) is np.ndarray or not is_tabular(x):
        return x
    table = named_columns(x)
    if not table.columns or not len(table):
        raise ValueError(
            "`x` must hold at least one sample. Received: a table of "
            f"{len(table)} rows and {len(table.columns)} columns"
        )
    if features is not None:
        return features.encode(table)
    if feature_names is not None and table.has_names:
        check_names(table.names, feature_names)
        table = table.select(feature_names)
    return numbers_in(table, dtype)


def numbers_in(table: NamedColumns, dtype: str = "float32") -> np.ndarray:
    """The columns side by side, shape `(rows, columns)`, of a dtype.

    Raises:
        ValueError: If one holds anything but finite numbers; names row and column.
    """
    columns = table.columns.items()
    return np.stack([_numbers(name, column, dtype) for name, column in columns], axis=1)


def _numbers(name: str, column: np.ndarray, dtype: str) -> np.ndarray:
    if column.dtype.kind != "f":
        first = int(np.argmin(is_missing(column)))
        what = "dates" if column.dtype.kind == "M" else "text"
        raise ValueError(
            f"`x` must hold numbers. Received: {what} in column {name!r}, "
            f"{str(column[first])!r} in row {first}; `kerasocc.datasets.TableFeatures` makes "
            "numbers of it, as a model's `preprocessing`"
        )
    with np.errstate(over="ignore"):
        numbers = column.astype("float32")
    bad = ~np.isfinite(numbers)
    if bad.any():
        first = int(bad.argmax())
        what = "a missing value" if np.isnan(column[first]) else f"{column[first]}"
        raise ValueError(
            f"`x` must hold finite numbers, within the range of float32. Received: {what} in row "
            f"{first}, column {name!r}, {int(bad.sum())} such values in this column"
        )
    return numbers if dtype == "float32" else column.astype(dtype)
