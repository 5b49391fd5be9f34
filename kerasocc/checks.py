"""Argument checks whose errors name the expected and the received value."""

from __future__ import annotations

import importlib.util
import math
from collections.abc import Collection, Iterable
from numbers import Integral, Real
from typing import Any

AUTO = "auto"
"""Stands for a value that is found from the data."""


def check_fraction(name: str, value: Any, *, zero: bool = False, one: bool = False) -> float:
    """Return `value` as a float if it is between 0 and 1.

    Args:
        name: Name of the argument, for the error.
        value: Value of the argument.
        zero: Whether 0 is allowed.
        one: Whether 1 is allowed.

    Raises:
        ValueError: If `value` is not a number in the interval.
    """
    interval = f"{'[' if zero else '('}0, 1{']' if one else ')'}"
    inside = _is_finite_number(value) and (
        0 < value < 1 or (zero and value == 0) or (one and value == 1)
    )
    if not inside:
        raise ValueError(f"`{name}` must be in {interval}. Received: {name}={value!r}")
    return float(value)


def check_non_negative(name: str, value: Any, *, infinity: bool = False) -> float:
    """Return `value` as a float if it is a non-negative finite number.

    Args:
        name: Name of the argument, for the error.
        value: Value of the argument.
        infinity: Whether infinity is allowed.

    Raises:
        ValueError: If `value` is not such a number.
    """
    if infinity:
        if not isinstance(value, Real) or isinstance(value, bool) or not value >= 0:
            raise ValueError(
                f"`{name}` must be a number that is not negative, or math.inf. "
                f"Received: {name}={value!r}"
            )
        return float(value)
    if not _is_finite_number(value) or value < 0:
        raise ValueError(
            f"`{name}` must be a finite number that is not negative. Received: {name}={value!r}"
        )
    return float(value)


def check_non_negative_or_auto(name: str, value: Any, *, infinity: bool = False) -> float | str:
    """As `check_non_negative`, but `"auto"` is allowed too."""
    if isinstance(value, str) and value == AUTO:
        return AUTO
    try:
        return check_non_negative(name, value, infinity=infinity)
    except ValueError as error:
        raise ValueError(str(error).replace(" must be ", " must be 'auto' or ", 1)) from None


def check_positive(name: str, value: Any) -> float:
    """Return `value` as a float if it is a finite number above 0."""
    if not _is_finite_number(value) or value <= 0:
        raise ValueError(f"`{name}` must be a finite number above 0. Received: {name}={value!r}")
    return float(value)


def check_integer(name: str, value: Any, *, minimum: int) -> int:
    """Return `value` as an int if it is an integer of at least `minimum`."""
    is_integer = isinstance(value, Integral) and not isinstance(value, bool)
    if not is_integer or value < minimum:
        raise ValueError(
            f"`{name}` must be an integer of at least {minimum}. Received: {name}={value!r}"
        )
    return int(value)


def check_number_or_share(name: str, value: Any) -> Any:
    """Return `value` if it is a whole number from 1 on, or a share between 0 and 1."""
    is_number = isinstance(value, Real) and not isinstance(value, bool)
    if not is_number or not (0 < value < 1 or (value >= 1 and value % 1 == 0)):
        raise ValueError(
            f"`{name}` must be a whole number from 1 on, or a share between 0 and 1. "
            f"Received: {name}={value!r}"
        )
    return value


def check_choice(name: str, value: Any, choices: Iterable[str]) -> str:
    """Return `value` if it is one of `choices`."""
    choices = list(choices)
    if value not in choices:
        raise ValueError(f"`{name}` must be one of {choices}. Received: {name}={value!r}")
    return value


def check_one_of_two(names: Collection[str], values: Collection[Any]) -> None:
    """Raise unless exactly one of two alternative arguments is given."""
    if sum(value is not None for value in values) != 1:
        received = ", ".join(f"{n}={v!r}" for n, v in zip(names, values, strict=True))
        raise ValueError(
            f"Pass exactly one of {' and '.join(f'`{n}`' for n in names)}. Received: {received}"
        )


def check_installed(package: str, *, extra: str, purpose: str) -> None:
    """Raise unless an optional package is installed.

    Args:
        package: Its name.
        extra: What of this package requires it.
        purpose: What needs it, for the error.
    """
    if importlib.util.find_spec(package) is None:
        raise ValueError(
            f"{purpose} needs the package `{package}`. Install it with `python -m pip install "
            f"'kerasocc[{extra}]'`"
        )


def _is_finite_number(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value)
