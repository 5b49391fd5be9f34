"""Hypersphere classifier (Ruff et al., 2020): radial distances and both losses, unreduced."""

from __future__ import annotations

import math
from typing import Any

from keras import ops

_LN2 = math.log(2.0)


def radial_distance(embedding: Any) -> Any:
    """`h(x) = sqrt(||phi(x)||^2 + 1) - 1`, the distance from the origin.

    Quadratic near 0, linear far away. Exact for tiny embeddings, where the difference would be
    0, and finite for huge ones, whose squares are not.

    Args:
        embedding: `phi(x)`, shape `(..., d)`; the norm is taken over the last axis.

    Returns:
        Shape `(...)`, float32.
    """
    embedding = ops.cast(embedding, "float32")
    # The result does not depend on the scale, so that its gradient may be left out.
    scale = ops.stop_gradient(ops.maximum(1.0, ops.max(ops.abs(embedding), axis=-1, keepdims=True)))
    square = ops.sum(ops.square(embedding / scale), axis=-1)
    scale = ops.squeeze(scale, axis=-1)
    unit = 1.0 / scale
    return scale * (square / (ops.sqrt(square + unit * unit) + unit))


def normal_loss(distance: Any) -> Any:
    """`h`, the loss of normal samples.

    Args:
        distance: `h`, shape `(batch,)`, not negative.

    Returns:
        Per-example loss, shape `(batch,)`.
    """
    return distance


def anomaly_loss(distance: Any, eps: float = 1e-6) -> Any:
    """`-log(1 - exp(-h))`, the loss of anomalies.

    Large near the origin and 0 far away: the cross-entropy of `exp(-h)` as the probability of
    being normal. Neither a small difference from 1 nor one from 0 is lost.

    Args:
        distance: `h`, shape `(batch,)`, not negative.
        eps: Added to `h`; it keeps the loss and its gradient finite at 0.

    Returns:
        Per-example loss, shape `(batch,)`.
    """
    shifted = distance + eps
    near = -ops.log(-ops.expm1(-shifted))
    far = -ops.log1p(-ops.exp(-shifted))
    return ops.where(shifted < _LN2, near, far)


def semi_supervised(distance: Any, label: Any) -> Any:
    """The objective: `normal_loss`, or `anomaly_loss` for samples with the label -1.

    Its mean over the batch is equation 4 of the paper.

    Args:
        distance: `h`, shape `(batch,)`, float32.
        label: Semi-supervised labels -1, 0 or +1, shape `(batch,)`.

    Returns:
        Per-example loss, shape `(batch,)`.
    """
    return ops.where(label < 0, anomaly_loss(distance), normal_loss(distance))
