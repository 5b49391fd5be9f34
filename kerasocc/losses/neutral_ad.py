"""NeuTraL AD (Qiu et al., ICML 2021): the deterministic contrastive loss, unreduced."""

from __future__ import annotations

import math
from typing import Any

from keras import ops

from kerasocc.losses import contrastive


def log_odds(embeddings: Any, temperature: float) -> Any:
    """`log p_k - log(1 - p_k)` of identifying view `x_k` by the sample `x`.

    With `h(a, b) = exp(cos(phi(a), phi(b)) / tau)`,
    `p_k = h(x_k, x) / (h(x_k, x) + sum_{l != k} h(x_k, x_l))`.

    Args:
        embeddings: `phi` of the sample and then of its `K >= 2` views, shape
            `(batch, K + 1, d)`. A zero vector has cosine similarity 0 to every other.
        temperature: `tau`.

    Returns:
        Tensor, shape `(batch, K)`, float32.
    """
    vectors = contrastive.unit_length(embeddings)
    cosines = ops.matmul(vectors[:, 1:], ops.transpose(vectors, (0, 2, 1))) / temperature
    return contrastive.log_odds(cosines[:, :, 0], cosines[:, :, 1:])


def normal(log_odds: Any) -> Any:
    """Loss of normal samples, `L_n = mean_k(-log p_k) / ln K`.

    The factor makes it 1 for every `K` if all views are equally likely, as for an encoder
    whose embeddings are constant.

    Args:
        log_odds: `log p_k - log(1 - p_k)`, shape `(batch, K)`.

    Returns:
        Per-example loss, shape `(batch,)`.
    """
    return contrastive.positive_cross_entropy(log_odds) / math.log(log_odds.shape[-1])


def anomalous(log_odds: Any) -> Any:
    """Loss of samples assumed to be anomalies, `L_a = mean_k(-log(1 - p_k)) / ln K`.

    It is scaled like `L_n` because latent outlier exposure ranks by the difference.

    Args:
        log_odds: `log p_k - log(1 - p_k)`, shape `(batch, K)`.

    Returns:
        Per-example loss, shape `(batch,)`.
    """
    return contrastive.negative_cross_entropy(log_odds) / math.log(log_odds.shape[-1])


def difference(log_odds: Any) -> Any:
    """`L_n - L_a`, shape `(batch,)`, from log-odds of shape `(batch, K)`."""
    return contrastive.cross_entropy_difference(log_odds) / math.log(log_odds.shape[-1])
