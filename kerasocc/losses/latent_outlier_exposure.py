"""Latent outlier exposure (Qiu et al., ICML 2022): the rule, the flags and the two-sided loss."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from keras import ops

from kerasocc import distribution

MODES = ("soft", "hard", "refine", "blind", "known")
"""How flagged samples are treated; see `callbacks.LatentLabels`."""

_LABELS = {"hard": 1.0, "soft": 0.5, "refine": 1.0, "known": 1.0}
_RANKING_MODES = ("soft", "hard", "refine")


@dataclass(frozen=True)
class LatentRule:
    """How a training finds and treats the samples that it takes for anomalies.

    Attributes:
        mode: One of `MODES`.
        refresh: `"batch"` ranks within every batch, in the step; `"epoch"` ranks the whole
            training set between epochs.
        estimates_contamination: Whether the share to flag is estimated from the losses.
        num_truths: Number of samples whose true label is known, for `"known"`; else None.
    """

    mode: str
    refresh: str = "batch"
    estimates_contamination: bool = False
    num_truths: int | None = None

    @property
    def flags_by_rank(self) -> bool:
        """Whether samples are flagged by their losses."""
        return self.mode in _RANKING_MODES

    @property
    def flags_in_step(self) -> bool:
        """Whether the compiled step ranks the samples of its batch."""
        return self.flags_by_rank and self.refresh == "batch"

    @property
    def flags_by_position(self) -> bool:
        """Whether a batch gets the flags of its samples by their positions."""
        return self.mode == "known" or (self.flags_by_rank and self.refresh == "epoch")

    @property
    def needs_anomaly_loss(self) -> bool:
        """Whether the model must have an `L_a`."""
        return self.mode in ("soft", "hard", "known")

    @property
    def label(self) -> float:
        """`y` of a flagged sample; 0 where none is flagged."""
        return _LABELS.get(self.mode, 0.0)

    @property
    def step_key(self) -> tuple[Any, ...]:
        """What a compiled step depends on: another key needs another step."""
        return self.mode, self.flags_in_step, self.flags_by_position


def mixed_loss(normal: Any, anomaly: Any, label: Any) -> Any:
    """`(1 - y) L_n + y L_a`, minimised alternately in the weights and the labels.

    Args:
        normal: `L_n`, loss of a sample taken for normal, shape `(batch,)`.
        anomaly: `L_a`, loss of a sample taken for an anomaly, shape `(batch,)`; finite.
        label: `y`, latent label in [0, 1], shape `(batch,)`; a constant for the gradient.

    Returns:
        Per-example loss, shape `(batch,)`.
    """
    return _mixture(normal, anomaly, label)


@ops.custom_gradient
def _mixture(normal: Any, anomaly: Any, label: Any) -> Any:
    # All have one shape, which the graph cannot know: checking every gradient for
    # broadcasting would take a dozen operations.
    def gradient(*arguments: Any, upstream: Any = None) -> tuple[Any, Any, Any]:
        upstream = arguments[0] if upstream is None else upstream
        return upstream * (1.0 - label), upstream * label, ops.zeros_like(label)

    return (1.0 - label) * normal + label * anomaly, gradient


def inverse(error: Any, eps: float = 1e-6) -> Any:
    """`L_a = 1 / (L_n + eps)` of a loss that is a distance or an error.

    The paper's choice for Deep SVDD; for the autoencoders it is ours, nothing is
    published.

    Args:
        error: Shape `(batch,)`, not negative.
        eps: Keeps the inverse finite.
    """
    # The gradient of a quotient is four operations, that of a reciprocal one.
    return ops.reciprocal(error + eps)


def as_ratio(share: float) -> tuple[int, int]:
    """A share as numerator `p` and denominator `q`, with `q (p + 1) <= 2^31`.

    The nearest of the ratios that fit. A share with up to four decimals is exact, `0.07` is
    7 / 100; the relative error of others is below 2e-5.

    Args:
        share: In [0, 1).
    """
    # The largest denominator whose products with the numerator fit into 32 bits.
    largest = math.isqrt(int(2**30 / max(share, 2**-30)))
    ratio = Fraction(share).limit_denominator(largest)
    return ratio.numerator, ratio.denominator


def carried_quota(count: Any, ratio: Any, remainder: Any) -> tuple[Any, Any]:
    """The whole part of `share * count` and of what earlier batches left, and what is left now.

    In integers: the quotas of all batches add up to the whole part of the share of all samples,
    without rounding errors.

    Args:
        count: Number of samples to flag among, a scalar, int32.
        ratio: `(p, q)` of `as_ratio`, shape `(2,)`, int32; zeros flag none.
        remainder: What was left before, in units of `1 / q`, a scalar, int32. One that
            belongs to another ratio is less than a sample all the same.

    Returns:
        The quota and the new remainder, scalars, int32.
    """
    numerator, denominator = ratio[0], ops.maximum(ratio[1], 1)
    # Not `count * numerator`, which may not fit into 32 bits.
    rounds, rest = count // denominator, ops.mod(count, denominator)
    parts = rest * numerator + ops.mod(remainder, denominator)
    return rounds * numerator + parts // denominator, ops.mod(parts, denominator)


def flag_batch(
    ranking: Any, candidates: Any, ratio: Any, remainder: Any, *, fixed_shapes: bool = True
) -> tuple[Any, Any]:
    """Flag the first of the candidates in the global batch, as many as `carried_quota` says.

    Args:
        ranking: Larger is more anomalous, shape `(local_batch,)`; `L_n - L_a` for
            latent outlier exposure, `L_n` for Refine.
        candidates: Which samples may be flagged, bool, shape `(local_batch,)`; None
            for all.
        ratio: Fraction to flag, see `as_ratio`, shape `(2,)`, int32.
        remainder: What the batches before left of it, a scalar, int32.
        fixed_shapes: Whether no shape may depend on a value, as compilers require.
            Where it may, only the flagged samples are sorted.

    Returns:
        0 or 1, shape `(local_batch,)`, float32, a constant for the gradient, and what this
        batch leaves for the next. Ties are broken by position, so the number is exact.
    """
    ranking = ops.stop_gradient(ops.cast(ranking, "float32"))
    size = ops.shape(ranking)[0]
    if candidates is None:
        count = ops.cast(size, "float32")
    else:
        count = ops.sum(ops.cast(candidates, "float32"))
        ranking = ops.where(candidates, ranking, -float("inf"))
    global_ranking = distribution.global_concat(ranking)
    # Not every collective operation takes integers.
    count = ops.cast(distribution.global_sum(count), "int32")
    quota, remainder = carried_quota(count, ratio, remainder)
    flag_first = _flag_by_rank if fixed_shapes else _flag_by_top_k
    flags = flag_first(global_ranking, quota)
    return ops.stop_gradient(distribution.local_rows(flags, size)), remainder


def _flag_by_rank(values: Any, count: Any) -> Any:
    """1 for the `count` largest values, 0 for the others, shape `(n,)`."""
    ranks = ops.argsort(ops.argsort(-values))
    return ops.cast(ranks < ops.cast(count, ranks.dtype), "float32")


def _flag_by_top_k(values: Any, count: Any) -> Any:
    """As `_flag_by_rank`, without ranking the values that are not flagged."""
    _, indices = ops.top_k(values, count)
    return ops.scatter(indices[:, None], ops.ones_like(indices, "float32"), ops.shape(values))


def flag_samples(values: np.ndarray, candidates: np.ndarray | None, share: float) -> np.ndarray:
    """Flag the `round(share * n)` first of the `n` candidates in a training set.

    Args:
        values: Larger is more anomalous, shape `(samples,)`.
        candidates: Which samples may be flagged, bool, shape `(samples,)`; None for all.
        share: Fraction to flag, in [0, 1).

    Returns:
        0 or 1, shape `(samples,)`, float32. Ties are broken by position, so the number
        is exact.
    """
    quota = len(values)
    if candidates is not None:
        values, quota = np.where(candidates, values, -np.inf), int(candidates.sum())
    count = round(share * quota)
    if not count:
        return np.zeros(len(values), "float32")
    # Sorting all of them costs more than the scores of a small model.
    border = np.partition(values, -count)[-count]
    flagged = values >= border
    surplus = np.count_nonzero(flagged) - count
    if surplus > 0:
        flagged[np.flatnonzero(values == border)[-surplus:]] = False
    return flagged.astype("float32")
