"""Drift: how far new scores are from those that a model was calibrated on.

While new samples are like those of the calibration their p-values are uniform on
`{1 / (n + 1), ..., 1}`, which is the same as that new scores and the `n` scores of the calibration
have one distribution. The test is that of two samples by Kolmogorov and Smirnov: it counts that
the calibration is a sample too, which a comparison with the uniform distribution would not.
Needs NumPy alone.
"""

from __future__ import annotations

import math
import time
from collections import deque
from typing import NamedTuple

import numpy as np

TERMS = 101


class Drift(NamedTuple):
    """How far one set of numbers is from another.

    Attributes:
        samples: How many there are in the new set.
        distance: Largest difference `D` of the two distribution functions, in [0, 1]. Of scores
            it is the distance of the p-values from uniform ones, up to `1 / (n + 1)`.
        probability: Of a distance as large while both sets have one distribution; at most this.
        higher: Whether the new numbers are rather larger where the distance is largest.
    """

    samples: int
    distance: float
    probability: float
    higher: bool


def drift_between(reference: np.ndarray, new: np.ndarray) -> Drift:
    """Test whether two sets of numbers have one distribution.

    Args:
        reference: Such as the scores of the calibration, shape `(n,)`, in any order.
        new: Shape `(m,)`.

    Returns:
        With the asymptotic distribution of `D sqrt(n m / (n + m))`, which makes the test
        conservative for small sets and for ties.

    Raises:
        ValueError: If a set is empty or holds NaN.

    Reference:
        Smirnov, Table for Estimating the Goodness of Fit of Empirical Distributions, Annals of
        Mathematical Statistics 1948.
    """
    reference, new = (np.sort(np.ravel(values)) for values in (reference, new))
    for name, values in (("reference", reference), ("new", new)):
        if not len(values) or np.isnan(values[-1]):
            raise ValueError(
                f"`{name}` must hold numbers, one or more. Received: "
                f"{'NaN' if len(values) else 'none'}"
            )
    points = np.concatenate([reference, new])
    above = np.searchsorted(reference, points, "right") / len(reference)
    above -= np.searchsorted(new, points, "right") / len(new)
    furthest = int(np.argmax(np.abs(above)))
    distance = float(abs(above[furthest]))
    scale = math.sqrt(len(reference) * len(new) / (len(reference) + len(new)))
    return Drift(len(new), distance, _kolmogorov(scale * distance), bool(above[furthest] > 0))


def _kolmogorov(x: float) -> float:
    """`2 sum (-1)^(k - 1) exp(-2 k^2 x^2)`: the probability above `x`."""
    if x < 0.2:  # where it is 1 up to 1e-12, and the sum converges slowly
        return 1.0
    k = np.arange(1, TERMS)
    terms = np.where(k % 2, 1.0, -1.0) * np.exp(-2 * (k * x) ** 2)
    return float(np.clip(2 * terms.sum(), 0, 1))


class LastScores:
    """The last scores of a running server, and how far they are from the calibration.

    Args:
        reference: Scores of the calibration, shape `(n,)`.
        most: How many scores are kept.
        seconds: For how long; None for however long.
        least: How many it takes for a test.
    """

    def __init__(
        self,
        reference: np.ndarray,
        *,
        most: int = 1000,
        seconds: float | None = None,
        least: int = 100,
    ):
        self._reference = reference
        self._blocks: deque[tuple[float, np.ndarray]] = deque()
        self._most, self._seconds, self._least = most, seconds, least
        self._count = 0

    def add(self, scores: np.ndarray, now: float | None = None) -> None:
        """Keep new scores, and forget the oldest beyond `most`.

        Args:
            scores: Shape `(samples,)`.
            now: Seconds on a clock that only goes forward; default that of the system.
        """
        scores = scores[-self._most :]
        self._blocks.append((time.monotonic() if now is None else now, scores))
        self._count += len(scores)
        while self._count > self._most:
            when, oldest = self._blocks.popleft()
            kept = oldest[self._count - self._most :]
            self._count -= len(oldest) - len(kept)
            if len(kept):
                self._blocks.appendleft((when, kept))

    def drift(self, now: float | None = None) -> Drift | None:
        """Compare them with the calibration; None for fewer than `least`."""
        now = time.monotonic() if now is None else now
        while self._seconds is not None and self._blocks:
            if now - self._blocks[0][0] <= self._seconds:
                break
            self._count -= len(self._blocks.popleft()[1])
        if self._count < max(self._least, 1):
            return None
        return drift_between(self._reference, np.concatenate([b for _, b in self._blocks]))
