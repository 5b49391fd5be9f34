"""Rates of work, in words."""

from __future__ import annotations


def rounded_rate(rate: float) -> str:
    """A rate in words.

    Args:
        rate: Samples in a second.

    Example:
        >>> rounded_rate(870.4), rounded_rate(3412), rounded_rate(12e6)
        ('870', '3.4k', '12M')
    """
    for size, letter in ((1e6, "M"), (1e3, "k")):
        if rate >= size:
            scaled = rate / size
            return f"{scaled:.1f}{letter}" if scaled < 10 else f"{scaled:.0f}{letter}"
    return f"{rate:.3g}"
