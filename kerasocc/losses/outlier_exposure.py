"""Latent outlier exposure (Qiu et al., ICML 2022): the flags and the two-sided loss, unreduced."""

from __future__ import annotations

from typing import Any

from keras import ops

from kerasocc import distribution

LABELS = {"hard": 1.0, "soft": 0.5, "refine": 1.0, "known": 1.0}
"""Latent label `y` of a flagged sample, by mode."""


def exposed(normal: Any, anomaly: Any, label: Any) -> Any:
    """`(1 - y) L_n + y L_a`, what the paper minimises in weights and labels by turns.

    Args:
        normal: `L_n`, loss of a sample taken for normal, shape `(batch,)`.
        anomaly: `L_a`, loss of a sample taken for an anomaly, shape `(batch,)`; finite.
        label: `y`, latent label in [0, 1], shape `(batch,)`; a constant for the gradient.

    Returns:
        Per-example loss, shape `(batch,)`.
    """
    return (1.0 - label) * normal + label * anomaly


def inverse(error: Any, eps: float = 1e-6) -> Any:
    """`L_a = 1 / (L_n + eps)` of a loss that is a distance or an error.

    The paper's choice for Deep SVDD; for the autoencoders it is ours, nothing is
    published.

    Args:
        error: Shape `(batch,)`, not negative.
        eps: Keeps the inverse finite.
    """
    return 1.0 / (error + eps)


def flags(ranking: Any, candidates: Any, share: Any) -> Any:
    """Flag the `round(share * n)` first of the `n` candidates in the global batch.

    Args:
        ranking: Larger is more anomalous, shape `(local_batch,)`; `L_n - L_a` for
            latent outlier exposure, `L_n` for Refine.
        candidates: Which samples may be flagged, bool, shape `(local_batch,)`.
        share: Fraction to flag, a scalar in [0, 1).

    Returns:
        0 or 1, shape `(local_batch,)`, float32; a constant for the gradient. Equal
        samples are told apart by their place, so the number is exact.
    """
    ranking = ops.stop_gradient(ops.cast(ranking, "float32"))
    everyones = distribution.global_concat(ops.where(candidates, ranking, -float("inf")))
    count = distribution.global_sum(ops.sum(ops.cast(candidates, "float32")))
    places = ops.argsort(ops.argsort(-everyones))
    flagged = ops.cast(places, "float32") < ops.round(share * count)
    own = distribution.own_rows(ops.cast(flagged, "float32"), ops.shape(ranking)[0])
    return ops.stop_gradient(own)
