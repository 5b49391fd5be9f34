"""Values of settings as they are written on the command line."""

from __future__ import annotations

import argparse
import csv

from kerasocc.checks import AUTO


def class_name(text: str) -> int | str:
    """A class: its number or its name, which `05` is."""
    return int(text) if text.isdecimal() and str(int(text)) == text else text


def class_names(text: str) -> int | tuple[int | str, ...]:
    """Classes with commas between or behind them, or a single name; else their number."""
    if "," in text:
        return tuple(class_name(part.strip()) for part in text.split(",") if part.strip())
    value = class_name(text)
    return value if isinstance(value, int) else (value,)


def names(text: str) -> tuple[str, ...]:
    """Names with commas between them; one that has a comma stands in quotes."""
    found = next(csv.reader([text], skipinitialspace=True), [])
    return tuple(name.strip() for name in found if name.strip())


def integers(text: str) -> tuple[int, ...]:
    """Whole numbers with commas between them."""
    try:
        return tuple(int(part) for part in text.split(",") if part.strip())
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"must be whole numbers such as 40,50, not {text!r}"
        ) from None


def image_size(text: str) -> int | tuple[int, ...]:
    """The side of an image, or `HEIGHTxWIDTH`."""
    try:
        sides = tuple(int(part) for part in text.lower().split("x"))
    except ValueError:
        sides = ()
    if len(sides) not in (1, 2):
        raise argparse.ArgumentTypeError(f"must be such as 64 or 48x64, not {text!r}")
    return sides[0] if len(sides) == 1 else sides


def ratio(text: str) -> float | str:
    """An assumed contamination: a number, or `auto`."""
    return number_or_auto(text, kind="a fraction")


def number_or_auto(text: str, kind: str = "a number") -> float | str:
    """A number, or `auto`."""
    try:
        return text if text == AUTO else float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"must be {kind} such as 0.1, or auto, not {text!r}"
        ) from None
