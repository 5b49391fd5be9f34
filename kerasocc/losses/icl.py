"""Internal contrastive learning (Shenkar and Wolf, ICLR 2022): the loss, unreduced.

Neither loss is divided by the logarithm of the number of windows, as those of
NeuTraL AD are by that of its views. All samples have as many windows, so a factor
that both losses have moves no sample past another, neither by `L_n` nor by
`L_n - L_a`; only a factor that one of them lacks would. Without one, `L_n` is the
loss of the paper.
"""

from __future__ import annotations

from typing import Any

from keras import ops

from kerasocc.losses import contrastive


def log_odds(pairs: Any, temperature: float) -> Any:
    """`log p_j - log(1 - p_j)` of finding window `j` among all by its complement.

    `p_j` is the softmax over the windows `l` of `cos(window_l, complement_j) / tau`,
    at `l = j`.

    Args:
        pairs: Embeddings of the windows and their complements, shape
            `(batch, windows, 2, d)`, at least two windows; one of zeros has cosine
            0 with everything.
        temperature: `tau`.

    Returns:
        Tensor, shape `(batch, windows)`, float32.
    """
    vectors = contrastive.unit_length(pairs)
    windows, complements = vectors[:, :, 0], vectors[:, :, 1]
    logits = ops.matmul(complements, ops.transpose(windows, (0, 2, 1))) / temperature
    positive = ops.sum(complements * windows, axis=-1) / temperature
    return contrastive.log_odds(positive, logits)


def normal(log_odds: Any) -> Any:
    """Loss of normal samples, `L_n = mean_j(-log p_j)`.

    Args:
        log_odds: `log p_j - log(1 - p_j)`, shape `(batch, windows)`.

    Returns:
        Per-example loss, shape `(batch,)`.
    """
    return contrastive.entropy_of_right(log_odds)


def anomalous(log_odds: Any) -> Any:
    """Loss of samples taken for anomalies, `L_a = mean_j(-log(1 - p_j))`.

    Args:
        log_odds: `log p_j - log(1 - p_j)`, shape `(batch, windows)`.

    Returns:
        Per-example loss, shape `(batch,)`.
    """
    return contrastive.entropy_of_wrong(log_odds)


def difference(log_odds: Any) -> Any:
    """`L_n - L_a` of log-odds of shape `(batch, J)`, shape `(batch,)`."""
    return contrastive.entropy_difference(log_odds)
