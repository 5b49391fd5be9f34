"""The decision threshold as a quantile of scores."""

from __future__ import annotations

import math

import numpy as np


def threshold_at(scores: np.ndarray, rate: float) -> float:
    """Smallest score that at most a fraction `rate` of the scores exceeds.

    Args:
        scores: Shape `(samples,)`.
        rate: In [0, 1); 0 gives the largest score.
    """
    # The addend keeps a product such as 0.07 * 100 from falling below its integer.
    above = math.floor(rate * len(scores) + 1e-9)
    return float(np.sort(scores)[len(scores) - 1 - above])
