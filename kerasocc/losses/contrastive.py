"""Building blocks of contrastive losses: normalization, log-odds and cross-entropies.

Each of `n` views is to be identified among the others by its cosine similarity to a
partner; `p_j` is the softmax probability of the correct choice for view `j`. All losses
are computed in float32 from the log-odds `log p_j - log(1 - p_j)`, which stay finite where
`p_j` rounds to 0 or 1. Both cross-entropies follow from them without subtracting large
numbers.
"""

from __future__ import annotations

from typing import Any

from keras import ops

TINY = 1e-12
"""Squared norm up to which a vector counts as zero."""


def unit_length(vectors: Any) -> Any:
    """L2-normalize vectors; a zero vector stays zero, with a finite gradient.

    Args:
        vectors: Shape `(..., d)`.

    Returns:
        Tensor of the same shape, float32.
    """
    vectors = ops.cast(vectors, "float32")
    return vectors * inverse_length(vectors)


def inverse_length(vectors: Any) -> Any:
    """`1 / ||v||` of vectors, 1 for a zero vector, with a finite gradient.

    Args:
        vectors: Shape `(..., d)`, float32.

    Returns:
        Tensor, shape `(..., 1)`.
    """
    square = ops.sum(ops.square(vectors), axis=-1, keepdims=True)
    # The gradient of the square root is infinite at 0, and stays so when multiplied by 0:
    # replace small values before the root, not after it.
    return ops.rsqrt(ops.where(square > TINY, square, 1.0))


def log_odds(positive: Any, logits: Any) -> Any:
    """`log p_j - log(1 - p_j)`, `p_j = e^{positive_j} / (e^{positive_j} + sum_{l != j} e^{z_jl})`.

    Args:
        positive: Logit of the correct choice, shape `(batch, n)`, float32.
        logits: `z`, shape `(batch, n, n)`, float32, n >= 2; the diagonal is ignored.

    Returns:
        Tensor, shape `(batch, n)`.
    """
    diagonal = ops.eye(logits.shape[-1], dtype="bool")
    return positive - ops.logsumexp(ops.where(diagonal, float("-inf"), logits), axis=-1)


def positive_cross_entropy(log_odds: Any) -> Any:
    """`mean_j(-log p_j)`, shape `(batch,)`, from log-odds of shape `(batch, n)`."""
    return ops.mean(ops.softplus(-log_odds), axis=-1)


def negative_cross_entropy(log_odds: Any) -> Any:
    """`mean_j(-log(1 - p_j))`, shape `(batch,)`, from log-odds of shape `(batch, n)`."""
    return ops.mean(ops.softplus(log_odds), axis=-1)


def cross_entropy_difference(log_odds: Any) -> Any:
    """Positive minus negative cross-entropy, shape `(batch,)`, from log-odds `(batch, n)`.

    It equals the negative mean of the log-odds, so no logarithm is needed.
    """
    return -ops.mean(log_odds, axis=-1)
