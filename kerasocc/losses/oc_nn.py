"""OC-NN (Chalapathy et al., arXiv 1802.06360): projection and hinge, unreduced."""

from __future__ import annotations

from typing import Any

from keras import ops

ACTIVATIONS = {
    "sigmoid": ops.sigmoid,
    "linear": lambda x: x,
    "relu": ops.relu,
}
"""Choices of `g` by name."""


def projection(embedding: Any, hidden: Any, output: Any, activation: str) -> Any:
    """Projection on the normal of the hyperplane, `<w, g(V phi(x))>`.

    Computed in float32 under any dtype policy.

    Args:
        embedding: `phi(x)`, shape `(batch, d)`.
        hidden: Transpose of `V`, shape `(d, units)`.
        output: `w`, shape `(units,)`.
        activation: `g`, one of `ACTIVATIONS`.

    Returns:
        Tensor, shape `(batch,)`, float32.
    """
    units = ACTIVATIONS[activation](ops.matmul(ops.cast(embedding, "float32"), hidden))
    return ops.sum(units * output, axis=-1)


def hinge(projections: Any, r: Any, nu: float) -> Any:
    """The terms of eq. 3 that depend on the samples and on `r`.

    `(1/nu) * max(0, r - <w, g(V phi(x))>) - r`; its mean over the batch plus
    `1/2 ||w||^2 + 1/2 ||V||_F^2` is the objective.

    As far as we know, the scripts of the paper's authors (TensorFlow 1) leave the maximum with 0
    out, and the Keras class that the notebooks of their repository run computes another loss.

    Args:
        projections: `<w, g(V phi(x))>`, shape `(batch,)`.
        r: Scalar; a constant for the gradient.
        nu: Upper bound on the fraction of outliers, in (0, 1].

    Returns:
        Per-example loss, shape `(batch,)`.
    """
    return ops.maximum(r - projections, 0.0) / nu - r


def slope_in_r(projections: Any, weights: Any = None, *, r: Any, nu: float) -> Any:
    """Derivative of the objective with respect to `r`: `mean(projections < r) / nu - 1`.

    It is 0 where a fraction `nu` of the samples lies below `r`, which is then the
    `nu`-quantile; above 0, so that `r` has to decrease, where more of them do.

    Args:
        projections: `<w, g(V phi(x))>`, shape `(batch,)`.
        weights: Weights of the samples in the mean, shape `(batch,)`; None for equal ones.
        r: Scalar.
        nu: Upper bound on the fraction of outliers, in (0, 1].

    Returns:
        Scalar, float32.
    """
    below = ops.cast(projections < r, "float32")
    if weights is None:
        return ops.mean(below) / nu - 1.0
    weights = ops.cast(ops.reshape(weights, (-1,)), "float32")
    # A batch without a weight above 0 says nothing.
    return ops.sum(weights * (below / nu - 1.0)) / ops.maximum(ops.sum(weights), 1e-30)


def mirrored_hinge(projections: Any, r: Any) -> Any:
    """`max(0, <w, g(V phi(x))> - r)`: loss of a sample assumed to be an anomaly.

    Not from a paper: none has been published for OC-NN.

    Args:
        projections: `<w, g(V phi(x))>`, shape `(batch,)`.
        r: Scalar; a constant for the gradient.

    Returns:
        Per-example loss, shape `(batch,)`.
    """
    return ops.maximum(projections - r, 0.0)
