"""How many anomalies make up a fraction of the samples, and drawing them."""

from __future__ import annotations

import numpy as np


def count_for_fraction(base: int, fraction: float) -> int:
    """Return how many samples to add to `base` others to be `fraction` of the total."""
    return round(base * fraction / (1 - fraction))


def draw_anomalies(
    anomalies: np.ndarray, count: int, generator: np.random.Generator, *, leave: int
) -> np.ndarray:
    """Draw anomalies of the test part for the training part, without replacement.

    Args:
        anomalies: Row indices of the anomalies, shape `(anomalies,)`.
        count: How many to draw.
        generator: Random generator; with the same state a larger `count` draws the
            same ones and more.
        leave: How many must remain in the test part.

    Returns:
        Row indices, shape `(count,)`.

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
