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
    return _mixture(normal, anomaly, label)


@ops.custom_gradient
def _mixture(normal: Any, anomaly: Any, label: Any) -> Any:
    # All have one shape, which the graph cannot know: what it would look for broadcasting
    # in every gradient is a dozen operations.
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


def flags(ranking: Any, candidates: Any, share: Any, *, fixed_shapes: bool = True) -> Any:
    """Flag the `round(share * n)` first of the `n` candidates in the global batch.

    Args:
        ranking: Larger is more anomalous, shape `(local_batch,)`; `L_n - L_a` for
            latent outlier exposure, `L_n` for Refine.
        candidates: Which samples may be flagged, bool, shape `(local_batch,)`; None
            for all.
        share: Fraction to flag, a scalar in [0, 1).
        fixed_shapes: Whether no shape may depend on a value, as compilers want it.
            Where it may, nothing is sorted but the first.

    Returns:
        0 or 1, shape `(local_batch,)`, float32; a constant for the gradient. Equal
        samples are told apart by their place, so the number is exact.
    """
    ranking = ops.stop_gradient(ops.cast(ranking, "float32"))
    size = ops.shape(ranking)[0]
    if candidates is None:
        count = ops.cast(size, "float32")
    else:
        count = ops.sum(ops.cast(candidates, "float32"))
        ranking = ops.where(candidates, ranking, -float("inf"))
    everyones = distribution.global_concat(ranking)
    quota = ops.round(share * distribution.global_sum(count))
    first = (_first_by_rank if fixed_shapes else _first_by_place)(everyones, quota)
    return ops.stop_gradient(distribution.local_rows(first, size))


def _first_by_rank(values: Any, count: Any) -> Any:
    """1 for the `count` largest values, 0 for the others, shape `(n,)`."""
    ranks = ops.argsort(ops.argsort(-values))
    return ops.cast(ops.cast(ranks, "float32") < count, "float32")


def _first_by_place(values: Any, count: Any) -> Any:
    """As `_first_by_rank`, without a rank for those that are not among them."""
    _, places = ops.top_k(values, ops.cast(count, "int32"))
    return ops.scatter(places[:, None], ops.ones_like(places, "float32"), ops.shape(values))
