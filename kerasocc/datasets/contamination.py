"""How many anomalies contaminate, and which ones of a test part."""

from __future__ import annotations

import numpy as np


def count_for(base: int, fraction: float) -> int:
    """How many samples to add to `base` to make up `fraction` of the sum."""
    return round(base * fraction / (1 - fraction))


def take_anomalies(
    anomalies: np.ndarray, count: int, generator: np.random.Generator, *, leave: int
) -> np.ndarray:
    """Draw anomalies of the test part for the training part, none twice.

    Args:
        anomalies: Their rows, shape `(anomalies,)`.
        count: How many to draw.
        generator: Draws them; with the same state a larger `count` gives the same ones
            and more.
        leave: How many must be left.

    Returns:
        Rows, shape `(count,)`.

    Raises:
        ValueError: If there are too few.
    """
    if count and count > len(anomalies) - leave:
        left = f", of which {leave} must stay in the test part" if leave else ""
        raise ValueError(
            f"`contamination` asks for {count} anomalies of the test part, which holds "
            f"{len(anomalies)}{left}"
        )
    return generator.permutation(anomalies)[:count]
