"""Thresholds, conformal p-values and decisions from scores, as pure functions."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Calibration:
    """What a threshold that was set for a false positive rate promises.

    Of `n` exchangeable scores without ties the share of new normal samples above the `l`-th
    largest is, given these scores, a draw from the distribution Beta(`l`, `n + 1 - l`). Ties
    make it smaller. It holds for samples that are normal, that the model was not trained on,
    and that are exchangeable with the new normal ones.

    Attributes:
        samples: `n`.
        wanted_rate: The rate that was asked for.
        expected_rate: `l / (n + 1)`, the mean of the distribution. It is at most `wanted_rate`
            unless the samples are too few for it.
        interval: Its quantiles 0.025 and 0.975: the true rate lies between them with a
            probability of 95 %.
        threshold: The `l`-th largest score.

    Reference:
        Vovk, Conditional Validity of Inductive Conformal Predictors, ACML 2012.
    """

    samples: int
    wanted_rate: float
    expected_rate: float
    interval: tuple[float, float]
    threshold: float

    @property
    def has_too_few_samples(self) -> bool:
        """Whether no score of so few samples keeps the wanted rate, so that it is exceeded."""
        return self.wanted_rate > 0 and not _allowed_above(self.samples, self.wanted_rate)


def threshold_at(scores: np.ndarray, rate: float) -> float:
    """Smallest score that at most a fraction `rate` of the scores exceeds.

    Args:
        scores: Shape `(samples,)`.
        rate: In [0, 1); 0 gives the largest score.
    """
    # The addend keeps a product such as 0.07 * 100 from falling below its integer.
    above = math.floor(rate * len(scores) + 1e-9)
    return float(np.sort(scores)[len(scores) - 1 - above])


def conformal_calibration(scores: np.ndarray, fpr: float) -> Calibration:
    """The threshold that a new normal sample exceeds with a probability of at most `fpr`.

    It is the `l`-th largest of the `n` scores, `l = floor((n + 1) fpr)`: all ranks of a new
    score among `n + 1` exchangeable ones are equally likely, and it exceeds this one in `l` of
    them at most. The plain quantile exceeds the rate where `n` is small: for a rate of 0.1 it
    leaves 2 of 20 scores above the threshold, and the next one lies above it with a probability
    of 3 / 21.

    Args:
        scores: Scores of normal samples that were not trained on, shape `(n,)`.
        fpr: Wanted false positive rate, in [0, 1). Where `l` is 0 the largest score is taken.
    """
    count = len(scores)
    rank = max(_allowed_above(count, fpr), 1)
    return Calibration(
        samples=count,
        wanted_rate=fpr,
        expected_rate=rank / (count + 1),
        interval=(_beta_quantile(rank, count, 0.025), _beta_quantile(rank, count, 0.975)),
        threshold=float(np.sort(scores)[count - rank]),
    )


def warn_of_few_samples(found: Calibration) -> None:
    """Warn where so few samples do not allow the rate that was asked for, as `calibrate` does."""
    if found.has_too_few_samples:
        warnings.warn(
            f"`fpr` must be at least {found.expected_rate:.3g} with {found.samples} samples, the "
            "smallest rate that they allow: the threshold is their largest score, and a rate of "
            f"{found.expected_rate:.3g} is to be expected. Received: fpr={found.wanted_rate!r}",
            stacklevel=3,
        )


def threshold_interval(scores: np.ndarray, rate: float) -> tuple[float | None, float | None]:
    """95 % interval of the score that a fraction `rate` of all normal samples exceeds.

    Between these two of `n` independent scores it lies whatever their distribution: the number of
    scores above it is a draw from the binomial distribution of `n` and `rate`.

    Args:
        scores: Of normal samples that were not trained on, shape `(n,)`.
        rate: In (0, 1).

    Returns:
        Both ends; None for one that so few scores leave open.

    Reference:
        Conover, Practical Nonparametric Statistics, section 3.2: confidence intervals of
        quantiles.
    """
    from scipy.special import bdtr

    count, ascending = len(scores), np.sort(scores)
    at_most = bdtr(np.arange(count), count, rate)  # P(k or fewer scores are above)
    # It is below the `l`-th largest score if at least `l` are above it.
    upper = int(np.sum(1 - at_most >= 0.975))
    lower = 1 + int(np.sum(at_most < 0.975))
    return (
        None if lower > count else float(ascending[count - lower]),
        None if not upper else float(ascending[count - upper]),
    )


def _allowed_above(count: int, fpr: float) -> int:
    """`floor((n + 1) fpr)`."""
    # The addend keeps a product such as 0.1 * 30 from falling below its integer.
    return min(math.floor((count + 1) * fpr + 1e-9), count)


def _beta_quantile(rank: int, count: int, probability: float) -> float:
    from scipy.special import betaincinv

    return float(betaincinv(rank, count + 1 - rank, probability))


def p_values(calibration_scores: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """Conformal p-values `(1 + #{i: s_i >= s}) / (n + 1)`.

    Args:
        calibration_scores: `s_i`, in ascending order, shape `(n,)`.
        scores: `s`, shape `(samples,)`.

    Returns:
        In [1 / (n + 1), 1], float64, shape `(samples,)`.
    """
    count = len(calibration_scores)
    below = np.searchsorted(calibration_scores, scores, side="left")
    return (1 + count - below) / (count + 1)


def select_by_fdr(values: np.ndarray, fdr: float) -> np.ndarray:
    """The procedure of Benjamini and Hochberg: which p-values are taken for discoveries.

    The `k` smallest of `m` p-values are, `k` being the largest number for which the `k`-th
    smallest is at most `k fdr / m`.

    Args:
        values: p-values, shape `(m,)`.
        fdr: False discovery rate, in (0, 1).

    Returns:
        Shape `(m,)`, bool.
    """
    ascending = np.sort(values)
    numbers = np.arange(1, len(values) + 1)
    # The factor keeps products that are equal in exact arithmetic from being told apart.
    kept = np.flatnonzero(ascending * len(values) <= numbers * fdr * (1 + 1e-12))
    return values <= (ascending[kept[-1]] if len(kept) else -1.0)


def confidence_of(values: np.ndarray, at_threshold: float) -> np.ndarray:
    """How sure a detector is that samples are anomalies, from their p-values.

    With `q` the p-value of a score equal to the threshold, `1 - p / (2 q)` for `p <= q`, else
    `(1 - p) / (2 (1 - q))`: it falls with `p` in two straight lines, from 1 to 0.5 at the
    threshold and on to 0 at the smallest score.

    Args:
        values: p-values `p`, shape `(samples,)`.
        at_threshold: `q`, in (0, 1].
    """
    above = 1 - values / (2 * at_threshold)
    if at_threshold == 1:
        return above
    return np.where(values <= at_threshold, above, (1 - values) / (2 * (1 - at_threshold)))
