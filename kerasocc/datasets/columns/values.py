"""Values of one column, as an array of numbers, dates or text."""

from __future__ import annotations

import datetime
import decimal
import numbers
from typing import Any

import numpy as np

NUMBERS = (numbers.Real, np.bool_, decimal.Decimal)
DATES = (datetime.date, np.datetime64)
DURATIONS = (datetime.timedelta, np.timedelta64)
TEXT = (str, bytes)
SECOND = np.timedelta64(1, "s")


def column_values(values: Any, column: str, name: str = "x") -> np.ndarray:
    """Convert a column.

    Args:
        values: A series of pandas, an array, a tensor or a list, shape `(rows,)`.
        column: Its name, for errors.
        name: Of the argument that it belongs to.

    Returns:
        float64 with NaN for missing values, datetime64[us] with NaT (wall clock times where
        there is a time zone), or object with text and None.

    Raises:
        ValueError: For values of another kind.
    """
    if is_of_pandas(values, "Series"):
        return _of_series(values, column, name)
    if hasattr(values, "to_pandas"):
        return _of_series(values.to_pandas(), column, name)
    try:
        array = _as_array(unmasked(values))
    except ValueError as error:
        raise _unequal(column, name) from error
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim != 1:
        raise ValueError(
            f"`{name}` must hold columns of shape (rows,). Received: shape {array.shape} in "
            f"column {column!r}"
        )
    return _of_array(array, column, name)


def _as_array(values: Any) -> np.ndarray:
    if not isinstance(values, (list, tuple)) or any(np.ndim(value) for value in values):
        return np.asarray(values)
    # NumPy would make text of what stands beside text, of NaN for instance.
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array


def unmasked(values: Any) -> Any:
    """Return a masked array of NumPy as one with NaN in place of what is masked; else `values`."""
    if not isinstance(values, np.ma.MaskedArray):
        return values
    if not np.ma.getmaskarray(values).any():
        return values.data
    return values.astype("float64").filled(np.nan)


def is_of_pandas(values: Any, name: str) -> bool:
    """Return whether `values` is an instance of a class of pandas, without importing pandas."""
    classes = type(values).__mro__
    return any(c.__name__ == name and c.__module__.split(".")[0] == "pandas" for c in classes)


def canonical_text(value: Any) -> str | None:
    """The text that stands for a value of a category: 1, 1.0 and "1" are the same."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, (bool, np.bool_)):
        return str(bool(value))
    number = float(value)
    if np.isnan(number):
        return None
    return str(int(number)) if number.is_integer() else repr(number)


def plain_values(values: np.ndarray) -> list[Any]:
    """Values of a column as they are written beside the scores: whole numbers without a point."""
    if values.dtype.kind == "M":
        return ["" if np.isnat(v) else str(v.astype("datetime64[s]")) for v in values]
    if values.dtype.kind == "f":
        plain = values.tolist()
        return ["" if v != v else int(v) if v.is_integer() else v for v in plain]
    return ["" if value is None else value for value in values]


def _of_series(series: Any, column: str, name: str) -> np.ndarray:
    import pandas
    from pandas.api import types

    dtype = series.dtype
    if isinstance(dtype, pandas.CategoricalDtype):
        objects = series.astype(object).to_numpy()
        missing = series.isna().to_numpy()
        texts = [None if m else _category(v) for v, m in zip(objects, missing, strict=True)]
        return np.array(texts, dtype=object)
    if types.is_datetime64_any_dtype(dtype):
        zone = getattr(series.dt, "tz", None)
        local = series if zone is None else series.dt.tz_localize(None)
        return local.to_numpy(dtype="datetime64[us]", na_value=np.datetime64("NaT"))
    if types.is_timedelta64_dtype(dtype):
        return series.dt.total_seconds().to_numpy(dtype="float64", na_value=np.nan)
    if types.is_complex_dtype(dtype):
        raise _wrong(column, name, "complex numbers")
    if types.is_bool_dtype(dtype) or types.is_numeric_dtype(dtype):
        return series.to_numpy(dtype="float64", na_value=np.nan)
    objects = series.astype(object).to_numpy(dtype=object, copy=True)
    objects[series.isna().to_numpy()] = None
    return _of_objects(objects, column, name)


def _of_array(array: np.ndarray, column: str, name: str) -> np.ndarray:
    kind = array.dtype.kind
    if kind in "biuf":
        return array.astype("float64")
    if kind == "M":
        return array.astype("datetime64[us]")
    if kind == "m":
        seconds = array / np.timedelta64(1, "s")
        return seconds.astype("float64")
    if kind in "US":
        return _of_objects(array.astype(object), column, name)
    if kind == "O":
        objects = np.array([None if is_nothing(v) else v for v in array], dtype=object)
        return _of_objects(objects, column, name)
    raise _wrong(column, name, "complex numbers" if kind == "c" else f"dtype {array.dtype}")


def _of_objects(objects: np.ndarray, column: str, name: str) -> np.ndarray:
    """Convert objects, missing values None."""
    kinds = {type(value) for value in objects if value is not None}
    if all(issubclass(kind, NUMBERS) for kind in kinds):
        return np.array([np.nan if v is None else float(v) for v in objects], "float64")
    if all(issubclass(kind, DURATIONS) for kind in kinds):
        return np.array([np.nan if v is None else v / SECOND for v in objects], "float64")
    if all(issubclass(kind, DATES) for kind in kinds):
        return np.array([_moment(value) for value in objects], "datetime64[us]")
    if all(issubclass(kind, (*NUMBERS, *TEXT, datetime.time)) for kind in kinds):
        return np.array([_text(value) for value in objects], dtype=object)
    first = next(v for v in objects if not isinstance(v, (*NUMBERS, *TEXT, type(None))))
    what = "complex numbers" if isinstance(first, numbers.Complex) else None
    raise _wrong(column, name, what or f"values of type {type(first).__name__}")


def _text(value: Any) -> Any:
    if isinstance(value, datetime.time):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.decode("utf-8", errors="replace")
    return str(value) if isinstance(value, str) else value


def _category(value: Any) -> str:
    return canonical_text(value) if isinstance(value, NUMBERS) else str(_text(value))


def _moment(value: Any) -> np.datetime64:
    if value is None:
        return np.datetime64("NaT")
    if getattr(value, "tzinfo", None) is not None:
        value = value.replace(tzinfo=None)
    return np.datetime64(value, "us")


def is_nothing(value: Any) -> bool:
    """Return whether a value is None, NaN, NaT or `pandas.NA`."""
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return True
    return isinstance(value, (float, np.floating, np.datetime64)) and bool(value != value)


def _wrong(column: str, name: str, received: str) -> ValueError:
    return ValueError(
        f"`{name}` must hold numbers, booleans, text or dates. Received: {received} in column "
        f"{column!r}"
    )


def _unequal(column: str, name: str) -> ValueError:
    return ValueError(
        f"`{name}` must hold one value per row. Received: lists of unequal length in column "
        f"{column!r}"
    )
