"""Internal contrastive learning (Shenkar and Wolf, ICLR 2022): the loss, unreduced.

Unlike those of NeuTraL AD, these losses are not divided by the logarithm of the number of
choices. All samples have the same number of windows, so a common factor of `L_n` and `L_a`
changes no ranking, neither by `L_n` nor by `L_n - L_a`. Without it `L_n` is the loss of the
paper.
"""

from __future__ import annotations

from typing import Any

from keras import ops

from kerasocc.losses import contrastive


def log_odds(pairs: Any, temperature: float) -> Any:
    """`log p_j - log(1 - p_j)` of identifying window `j` by its complement.

    `p_j` is entry `l = j` of the softmax over the windows `l` of
    `cos(window_l, complement_j) / tau`.

    Args:
        pairs: Embeddings of the windows and their complements, shape
            `(..., windows, 2, d)`, at least two windows. A zero vector has cosine
            similarity 0 to every other.
        temperature: `tau`.

    Returns:
        Tensor, shape `(..., windows)`, float32.
    """
    windows, complements = ops.unstack(ops.cast(pairs, "float32"), 2, axis=-2)
    # The products are scaled in place of the vectors, which are several times as many numbers.
    products = ops.matmul(complements, ops.swapaxes(windows, -1, -2))
    of_complements, of_windows = map(contrastive.inverse_length, (complements, windows))
    logits = products * (of_complements / temperature) * ops.swapaxes(of_windows, -1, -2)
    diagonal = ops.eye(logits.shape[-1], dtype="bool")
    positive = ops.sum(ops.where(diagonal, logits, 0.0), axis=-1)
    return contrastive.log_odds(positive, logits)


def normal(log_odds: Any) -> Any:
    """Loss of normal samples, `L_n = mean_j(-log p_j)`.

    Args:
        log_odds: `log p_j - log(1 - p_j)`, shape `(batch, windows)`.

    Returns:
        Per-example loss, shape `(batch,)`.
    """
    return contrastive.positive_cross_entropy(log_odds)


def anomalous(log_odds: Any) -> Any:
    """Loss of samples assumed to be anomalies, `L_a = mean_j(-log(1 - p_j))`.

    Args:
        log_odds: `log p_j - log(1 - p_j)`, shape `(batch, windows)`.

    Returns:
        Per-example loss, shape `(batch,)`.
    """
    return contrastive.negative_cross_entropy(log_odds)


def difference(log_odds: Any) -> Any:
    """`L_n - L_a`, shape `(batch,)`, from log-odds of shape `(batch, windows)`."""
    return contrastive.cross_entropy_difference(log_odds)
