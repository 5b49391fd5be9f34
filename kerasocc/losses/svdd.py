"""Deep SVDD (Ruff et al., ICML 2018): distances and both objectives, unreduced."""

from __future__ import annotations

from typing import Any

from keras import ops


def squared_distance(embedding: Any, center: Any) -> Any:
    """Squared Euclidean distance to the center, `||phi(x) - c||^2`.

    Computed in float32 under any dtype policy: in float16 the sum of squares overflows
    for embeddings of norm 256.

    Args:
        embedding: `phi(x)`, shape `(batch, d)`.
        center: `c`, shape `(d,)`.

    Returns:
        Tensor, shape `(batch,)`, float32.
    """
    # TensorFlow fuses an addition, but not a subtraction, with the preceding matrix product.
    difference = ops.cast(embedding, "float32") + ops.negative(ops.cast(center, "float32"))
    return ops.sum(ops.square(difference), axis=-1)


def one_class(distance: Any) -> Any:
    """One-class Deep SVDD, eq. 4 of the paper without the weight decay.

    Args:
        distance: Squared distances, shape `(batch,)`.

    Returns:
        Per-example loss, shape `(batch,)`: the distance itself.
    """
    return distance


def soft_boundary(distance: Any, radius: Any, nu: float) -> Any:
    """Soft-boundary Deep SVDD, eq. 3 of the paper without the weight decay.

    `R^2 + (1/nu) * max(0, dist - R^2)`; the objective is its mean over the batch.

    Args:
        distance: Squared distances, shape `(batch,)`.
        radius: `R`, scalar; a constant for the gradient.
        nu: Upper bound on the fraction of outliers, in (0, 1].

    Returns:
        Per-example loss, shape `(batch,)`.
    """
    squared_radius = ops.square(radius)
    return squared_radius + ops.maximum(distance - squared_radius, 0.0) / nu
