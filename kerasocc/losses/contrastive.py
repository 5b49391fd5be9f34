"""What contrastive losses are made of: lengths, odds and entropies, unreduced, in float32.

A view is to be told from the others by its cosine to a partner. Everything is
computed from the log-odds `log p - log(1 - p)` of the right one: they are finite
where `p` rounds to 0 or 1, and both entropies follow from them without a
difference of large numbers.
"""

from __future__ import annotations

from typing import Any

from keras import ops

TINY = 1e-12
"""Squared length up to which a vector counts as 0."""


def unit_length(vectors: Any) -> Any:
    """Scale vectors to length 1; one of zeros stays as it is, with a finite gradient.

    Args:
        vectors: Shape `(..., d)`.

    Returns:
        Tensor of the same shape, float32.
    """
    vectors = ops.cast(vectors, "float32")
    square = ops.sum(ops.square(vectors), axis=-1, keepdims=True)
    # The gradient of the root at 0 is infinite, also times 0: the root must not see it.
    return vectors * ops.rsqrt(ops.where(square > TINY, square, 1.0))


def log_odds(positive: Any, logits: Any) -> Any:
    """`log p_j - log(1 - p_j)`, `p_j = e^{positive_j} / (e^{positive_j} + sum_{l != j} e^{z_jl})`.

    Args:
        positive: Logit of the right choice, shape `(batch, n)`, float32.
        logits: `z`, shape `(batch, n, n)`, float32, n >= 2; its diagonal is not used.

    Returns:
        Tensor, shape `(batch, n)`.
    """
    own = ops.eye(logits.shape[-1], dtype="bool")
    return positive - ops.logsumexp(ops.where(own, float("-inf"), logits), axis=-1)


def entropy_of_right(log_odds: Any) -> Any:
    """`mean_j(-log p_j)`, shape `(batch,)`, of log-odds, shape `(batch, n)`."""
    return ops.mean(ops.softplus(-log_odds), axis=-1)


def entropy_of_wrong(log_odds: Any) -> Any:
    """`mean_j(-log(1 - p_j))`, shape `(batch,)`, of log-odds, shape `(batch, n)`."""
    return ops.mean(ops.softplus(log_odds), axis=-1)


def entropy_difference(log_odds: Any) -> Any:
    """`entropy_of_right - entropy_of_wrong`, without their logarithms: they differ by log-odds."""
    return -ops.mean(log_odds, axis=-1)
