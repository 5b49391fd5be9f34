"""Why an array does not hold numbers: one text for each cause."""

from __future__ import annotations

from typing import Any

import numpy as np

from kerasocc.datasets.columns.values import NUMBERS, unmasked


def as_number_array(name: str, values: Any) -> np.ndarray:
    """Convert the user's values to an array of numbers, of any dtype.

    Args:
        name: Of the argument.
        values: Array, tensor of another package, series, list.

    Raises:
        ValueError: If it holds anything else; says what.
    """
    try:
        array = np.asarray(unmasked(values))
    except ValueError as error:
        raise _refusal(name, "lists of unequal length") from error
    if array.dtype == object and array.size and _all_numbers(array):
        return array.astype("float64")
    if array.dtype.kind not in "biuf":
        raise _refusal(name, _reason(array))
    return array


def _all_numbers(array: np.ndarray) -> bool:
    return all(isinstance(value, NUMBERS) for value in array.flat)


def _reason(array: np.ndarray) -> str:
    kind = array.dtype.kind
    if kind in "USTO" and array.size:
        where, first = next(
            ((w, v) for w, v in np.ndenumerate(array) if not isinstance(v, NUMBERS)),
            (None, None),
        )
        if isinstance(first, (str, bytes)):
            return f"text, {str(first)!r} at index {_plain(where)}"
        if first is None or type(first).__name__ in ("NAType", "NaTType"):
            return f"a missing value ({first}) at index {_plain(where)}"
        if isinstance(first, (list, tuple, np.ndarray)):
            return f"lists of unequal length, a {type(first).__name__} at index {_plain(where)}"
        return f"a {type(first).__name__} at index {_plain(where)}"
    by_kind = {
        "M": "dates; pass parts of them as numbers",
        "m": "time differences; pass them in seconds, for instance",
        "c": "complex numbers; pass real and imaginary parts",
        "V": "a structured array; pass its fields as a dict of columns",
    }
    return by_kind.get(kind, f"an array of dtype {array.dtype}")


def _plain(index: tuple[int, ...]) -> Any:
    return index[0] if len(index) == 1 else index


def _refusal(name: str, received: str) -> ValueError:
    return ValueError(f"`{name}` must hold numbers. Received: {received}")
