"""Ranks, the interval of a difference over data sets, and the critical difference of ranks."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np


def ranks(values: np.ndarray) -> np.ndarray:
    """Ranks of the columns in every row: 1 for the largest value, the mean where some tie.

    Args:
        values: Shape `(data sets, detectors)`; NaN, a detector without a result, ranks last.

    Returns:
        Shape `(data sets, detectors)`.
    """
    from scipy.stats import rankdata

    return rankdata(-np.where(np.isnan(values), -np.inf, values), axis=1)


class Interval(NamedTuple):
    """A mean and what it is between."""

    mean: float
    low: float
    high: float


def paired_interval(
    differences: np.ndarray, *, confidence: float = 0.95, draws: int = 10_000, seed: int = 0
) -> Interval:
    """Percentile bootstrap interval of the mean of paired differences, over data sets.

    Args:
        differences: One per data set, shape `(data sets,)`.
        confidence: In (0, 1).
        draws: Number of bootstrap samples.
        seed: Of the draws.
    """
    differences = np.asarray(differences, "float64")
    rows = np.random.default_rng(seed).integers(0, len(differences), (draws, len(differences)))
    means = differences[rows].mean(axis=1)
    low, high = np.quantile(means, [(1 - confidence) / 2, (1 + confidence) / 2])
    return Interval(float(differences.mean()), float(low), float(high))


def critical_difference(detectors: int, problems: int, *, alpha: float = 0.05) -> float:
    """Difference of mean ranks that is significant by the test of Nemenyi.

    `q_alpha * sqrt(k (k + 1) / (6 N))`, with `q_alpha` the quantile of the studentized range
    for `k` groups and infinite degrees of freedom, divided by the square root of 2.

    Args:
        detectors: Their number `k`, at least 2.
        problems: Number `N` of data sets.
        alpha: Level of the test.

    Reference:
        Demsar, Statistical Comparisons of Classifiers over Multiple Data Sets, JMLR 2006,
        section 3.2.2.
    """
    from scipy.stats import studentized_range

    quantile = studentized_range.ppf(1 - alpha, detectors, np.inf) / math.sqrt(2)
    return float(quantile * math.sqrt(detectors * (detectors + 1) / (6 * problems)))


def cliques(mean_ranks: np.ndarray, difference: float) -> list[tuple[int, int]]:
    """Groups of detectors whose mean ranks lie within a difference, none inside another.

    Args:
        mean_ranks: In ascending order, shape `(detectors,)`.
        difference: See `critical_difference`.

    Returns:
        First and last index of every group of at least two.
    """
    groups: list[tuple[int, int]] = []
    for first, rank in enumerate(mean_ranks):
        last = int(np.searchsorted(mean_ranks, rank + difference, side="right")) - 1
        if last > first and (not groups or last > groups[-1][1]):
            groups.append((first, last))
    return groups
