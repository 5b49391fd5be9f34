"""Kernel density estimation with a Gaussian kernel, its bandwidth chosen by likelihood."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Unpack

import numpy as np

from kerasocc.baselines.classical import ClassicalDetector, RowOptions
from kerasocc.checks import check_integer, check_positive
from kerasocc.datasets.storage.rows import rows_at_once

BANDWIDTHS = tuple(2 ** (number / 2) for number in range(1, 11))
"""2^0.5, 2^1, ..., 2^5: those of Deep SVDD."""


class KDE(ClassicalDetector):
    """Kernel density estimate: the score is minus the logarithm of the density.

    `log p(x) = log mean_i exp(-||x - x_i||^2 / (2 h^2)) - d log(h sqrt(2 pi))`. The bandwidth `h`
    is the one of `bandwidths` with the largest likelihood of samples that were left out, in
    `folds` parts of the training samples; no labels take part.

    Squared distances come from matrix products, computed once for all bandwidths: trees, as in
    scikit-learn's `KernelDensity`, find no neighbours sooner among hundreds of columns.

    Args:
        bandwidth: `h`; None to choose it.
        bandwidths: What it is chosen among.
        folds: Number of parts.
        max_samples: Most training samples; more are drawn by `seed`. None for all.
        **options: `encoder`, `preprocessing`, `components` and `seed`, see `ClassicalDetector`.

    Attributes:
        bandwidth_used: The `h` of the last `fit`.

    Reference:
        Parzen, On Estimation of a Probability Density Function and Mode, Annals of Mathematical
        Statistics 1962.
    """

    def __init__(
        self,
        *,
        bandwidth: float | None = None,
        bandwidths: Sequence[float] = BANDWIDTHS,
        folds: int = 5,
        max_samples: int | None = 10_000,
        **options: Unpack[RowOptions],
    ):
        super().__init__(**options)
        self.bandwidth = None if bandwidth is None else check_positive("bandwidth", bandwidth)
        self.bandwidths = tuple(check_positive("bandwidths", value) for value in bandwidths)
        if not self.bandwidths:
            raise ValueError(f"`bandwidths` must hold numbers. Received: {bandwidths!r}")
        self.folds = check_integer("folds", folds, minimum=2)
        self.max_samples = max_samples
        if max_samples is not None:
            self.max_samples = check_integer("max_samples", max_samples, minimum=2)
        self.bandwidth_used: float | None = None
        self._stored: np.ndarray | None = None

    def _fit_rows(self, rows: np.ndarray, labels: np.ndarray) -> None:
        if self.max_samples is not None:
            rows = rows[self._drawn(np.arange(len(rows)), self.max_samples)]
        self.bandwidth_used = self.bandwidth or self._most_likely_bandwidth(rows)
        self._stored = rows

    def _most_likely_bandwidth(self, rows: np.ndarray) -> float:
        # Samples may come sorted: neighbours in the array are not left out together.
        order = np.random.default_rng(self._seed_used).permutation(len(rows))
        parts = np.array_split(order, min(self.folds, len(rows)))
        totals = np.zeros(len(self.bandwidths))
        for part in parts:
            others = np.setdiff1d(order, part, assume_unique=True)
            found = log_densities(rows[others], rows[part], self.bandwidths)
            totals += found.sum(axis=1)
        return self.bandwidths[int(totals.argmax())]

    def _scores_of(self, rows: np.ndarray) -> np.ndarray:
        return -log_densities(self._stored, rows, [self.bandwidth_used])[0]


def log_densities(stored: np.ndarray, rows: np.ndarray, bandwidths: Sequence[float]) -> np.ndarray:
    """Logarithms of Gaussian kernel density estimates.

    Args:
        stored: What the estimate is made of, shape `(m, d)`.
        rows: Where it is wanted, shape `(samples, d)`.
        bandwidths: `h`, each an estimate.

    Returns:
        Shape `(bandwidths, samples)`, float64.
    """
    from scipy.special import logsumexp
    from sklearn.metrics.pairwise import euclidean_distances

    count, width = stored.shape
    found = np.empty((len(bandwidths), len(rows)))
    step = max(rows_at_once((count,)), 1)
    for start in range(0, len(rows), step):
        block = slice(start, start + step)
        # In float64: the difference of large squares is small for near neighbours.
        squares = euclidean_distances(
            rows[block].astype("float64"), stored.astype("float64"), squared=True
        )
        for number, bandwidth in enumerate(bandwidths):
            found[number, block] = logsumexp(squares / (-2 * bandwidth**2), axis=1)
    constants = [math.log(count) + width * math.log(h * math.sqrt(2 * math.pi)) for h in bandwidths]
    return found - np.array(constants)[:, None]
