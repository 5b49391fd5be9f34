"""Anti-collapse regularization terms (Chong et al., IJCNN 2020) as pure functions of a batch."""

from __future__ import annotations

from typing import Any

from keras import ops

from kerasocc import distribution

SILENT = 1e-6
"""Fraction of the threshold below which the variance hinge counts as zero."""
SMALLEST = 1e-3
"""Lower bound of the variance hinge in a ratio of losses, as a fraction of the threshold."""


def random_label_cross_entropy(logits: Any, labels: Any) -> Any:
    """Sigmoid cross-entropy of `k` random classification tasks, eq. 4.

    Args:
        logits: `z`, shape `(batch, k)`.
        labels: `y_rnd`, 0 or 1, shape `(batch, k)`.

    Returns:
        Mean over the tasks per sample, shape `(batch,)`, float32. For labels that are
        independent of the inputs its expected value is at least log 2.
    """
    logits, labels = ops.cast(logits, "float32"), ops.cast(labels, "float32")
    # log(1 + e^z) - y z, where softplus does not overflow.
    return ops.mean(ops.softplus(logits) - labels * logits, axis=-1)


def batch_variance(embedding: Any) -> Any:
    """Unbiased variance per dimension over the global batch, averaged over the dimensions.

    Args:
        embedding: `phi(x)`, shape `(local_batch, p)`.

    Returns:
        Scalar, float32, the same on every replica. Infinity for a single sample, whose
        variance is undefined, so that the hinge is zero.
    """
    embedding = ops.cast(embedding, "float32")
    count = ops.cast(distribution.global_size(ops.shape(embedding)[0]), "float32")
    mean = distribution.global_sum(ops.sum(embedding, axis=0)) / count
    squares = distribution.global_sum(ops.sum(ops.square(embedding - mean)))
    dimensions = ops.cast(ops.shape(embedding)[1], "float32")
    variance = squares / (dimensions * ops.maximum(count - 1.0, 1.0))
    return ops.where(count > 1.0, variance, float("inf"))


def variance_hinge(variance: Any, threshold: Any) -> Any:
    """`max(0, d - variance)`, eq. 5; scalars."""
    return ops.maximum(threshold - variance, 0.0)


def adaptive_weight(weight: Any, ratio: Any, alpha: Any, beta: Any) -> Any:
    """`c_t = alpha c_{t-1} + beta (1 - alpha) L_svdd / L_reg`, eq. 7; scalars.

    Args:
        weight: `c_{t-1}`.
        ratio: `L_svdd / L_reg`.
        alpha: Decay rate of the moving average, in [0, 1].
        beta: Target ratio of the weighted regularization term to the objective, in [0, 1].
    """
    return alpha * weight + beta * (1.0 - alpha) * ratio
