"""Kinds of settings: what values they take and how these are written."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, NamedTuple

from kerasocc.checks import (
    check_choice,
    check_fraction,
    check_integer,
    check_non_negative,
    check_non_negative_or_auto,
    check_number_or_share,
    check_positive,
)
from kerasocc.datasets.dialect import check_option
from kerasocc.experiments.settings import augmentations, parsing


class Kind(NamedTuple):
    """Values of a kind.

    Attributes:
        check: From the name of a setting and a value; raises `ValueError` unless the value
            is allowed.
        parse: From a text of the command line to a value.
        metavar: Placeholder on the command line; None for the last word of the name.
        choices: All values, where they are few.
        is_flag: Whether the values are true and false.
        is_number: Whether a text that is a number stands for it. YAML 1.1 takes `1e-4` for
            text.
    """

    check: Callable[[str, Any], Any]
    parse: Callable[[str], Any] = str
    metavar: str | None = None
    choices: tuple[str, ...] = ()
    is_flag: bool = False
    is_number: bool = False


def choice(*choices: str) -> Kind:
    """One of a few names."""
    return Kind(partial(check_choice, choices=choices), choices=choices)


def fraction(*, zero: bool = False, one: bool = False) -> Kind:
    """A number between 0 and 1; whether these are allowed themselves."""
    return Kind(partial(check_fraction, zero=zero, one=one), float, is_number=True)


def fraction_or_auto() -> Kind:
    """A number in [0, 1), or `"auto"`."""

    def check(name: str, value: Any) -> None:
        if isinstance(value, str):
            check_choice(name, value, ["auto"])
        else:
            check_fraction(name, value, zero=True)

    return Kind(check, parsing.ratio, "RATIO", is_number=True)


def positive() -> Kind:
    """A finite number above 0."""
    return Kind(check_positive, float, is_number=True)


def non_negative(*, infinity: bool = False) -> Kind:
    """A number that is not negative; whether it may be infinite."""
    return Kind(partial(check_non_negative, infinity=infinity), float, is_number=True)


def non_negative_or_auto(*, infinity: bool = False) -> Kind:
    """A number that is not negative, or `"auto"`; whether it may be infinite."""
    check = partial(check_non_negative_or_auto, infinity=infinity)
    return Kind(check, parsing.number_or_auto, is_number=True)


def integer(minimum: int) -> Kind:
    """A whole number not below `minimum`."""
    return Kind(partial(check_integer, minimum=minimum), int)


def number_or_share() -> Kind:
    """A whole number from 1 on, or a share between 0 and 1."""
    return Kind(check_number_or_share, float, is_number=True)


def flag() -> Kind:
    """True or false."""
    return Kind(_check_flag, is_flag=True)


def name(parse: Callable[[str], str] = str) -> Kind:
    """A text that is not empty."""
    return Kind(check_name, parse)


def names() -> Kind:
    """Texts that are not empty."""

    def check(name: str, value: Any) -> None:
        texts = (value,) if isinstance(value, str) else value
        is_list = isinstance(texts, tuple) and len(texts) > 0
        if not is_list or any(not isinstance(text, str) or not text for text in texts):
            raise ValueError(f"`{name}` must hold names. Received: {name}={value!r}")

    return Kind(check, parsing.names, "COLUMN[,COLUMN...]")


def class_label() -> Kind:
    """A class, by name or number."""
    return Kind(_check_class, parsing.class_name, "CLASS")


def classes() -> Kind:
    """Classes, by name or number, or how many."""

    def check(name: str, value: Any) -> None:
        if not isinstance(value, tuple):
            check_integer(name, value, minimum=1)
            return
        for label in value:
            _check_class(name, label)

    return Kind(check, parsing.class_names, "CLASS,[CLASS...]")


def image_size() -> Kind:
    """A side, or (height, width)."""
    return Kind(_check_sizes, parsing.image_size)


def widths() -> Kind:
    """Widths of layers, from the input to the output."""
    return Kind(_check_sizes, parsing.integers, "WIDTH[,WIDTH...]")


def augmented() -> Kind:
    """Augmentations of images."""
    return Kind(augmentations.check, augmentations.parse, "NAME[=AMOUNT][,NAME...]")


def epochs() -> Kind:
    """Numbers of epochs after which something happens."""

    def check(name: str, value: Any) -> None:
        if not isinstance(value, tuple) or any(type(v) is not int or v < 1 for v in value):
            raise ValueError(
                f"`{name}` must hold epochs after the first. Received: {name}={value!r}"
            )

    return Kind(check, parsing.integers, "EPOCH[,EPOCH...]")


def dialect(option: str) -> Kind:
    """An option of `datasets.Dialect`, a text."""
    return Kind(lambda _, value: check_option(option, value))


def check_name(name: str, value: Any) -> str:
    """Return `value` if it is a text that is not empty."""
    if not isinstance(value, str) or not value:
        raise ValueError(f"`{name}` must be a name. Received: {name}={value!r}")
    return value


def _check_flag(name: str, value: Any) -> None:
    if not isinstance(value, bool):
        raise ValueError(f"`{name}` must be true or false. Received: {name}={value!r}")


def _check_class(name: str, value: Any) -> None:
    if not isinstance(value, (bool, int, str)):
        raise ValueError(
            f"`{name}` must be the number or the name of a class. Received: {name}={value!r}"
        )


def _check_sizes(name: str, value: Any) -> None:
    sizes: Iterable[Any] = value if isinstance(value, tuple) else [value]
    for size in sizes:
        check_integer(name, size, minimum=1)
