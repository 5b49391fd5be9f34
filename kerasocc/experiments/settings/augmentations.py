"""Augmentations of images by name, as they are written in settings: `flip`, `shift=0.1`."""

from __future__ import annotations

from typing import Any

from kerasocc.checks import check_choice, check_fraction

USUAL: dict[str, float | None] = {
    "flip": None,
    "vertical-flip": None,
    "shift": 0.1,
    "rotation": 0.05,
    "zoom": 0.1,
}
"""Names of the augmentations, and how much they change by default; None for those without."""


def parse(text: str) -> tuple[str, ...]:
    """Augmentations with commas between them."""
    return tuple(part.strip() for part in text.split(",") if part.strip())


def check(name: str, value: Any) -> None:
    """Raise `ValueError` unless a value holds augmentations, each of them once."""
    if not isinstance(value, tuple) or not value or any(type(v) is not str for v in value):
        raise ValueError(
            f"`{name}` must hold augmentations such as flip,shift=0.1. Received: {name}={value!r}"
        )
    names = [augmentation for augmentation, _ in amounts(name, value)]
    if len(set(names)) < len(names):
        raise ValueError(f"`{name}` must hold every augmentation once. Received: {list(value)}")


def amounts(name: str, value: tuple[str, ...]) -> list[tuple[str, float | None]]:
    """Names of augmentations and how much they change, in their order.

    Args:
        name: Of the setting, for errors.
        value: Texts such as `"shift=0.1"`.

    Raises:
        ValueError: For an unknown one, and an amount that is none.
    """
    return [_amount(name, text) for text in value]


def _amount(name: str, text: str) -> tuple[str, float | None]:
    augmentation, equals, written = (part.strip() for part in text.partition("="))
    usual = USUAL[check_choice(name, augmentation, list(USUAL))]
    if not equals:
        return augmentation, usual
    if usual is None:
        raise ValueError(f"`{name}` takes no amount of {augmentation}. Received: {text!r}")
    try:
        amount: Any = float(written)
    except ValueError:
        amount = written
    return augmentation, check_fraction(f"{name} {augmentation}", amount)
