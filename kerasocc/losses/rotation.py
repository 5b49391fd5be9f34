"""MHRot (Hendrycks et al., NeurIPS 2019): cross-entropies of the three heads, unreduced."""

from __future__ import annotations

from typing import Any

import numpy as np
from keras import ops

HEADS = (3, 3, 4)
"""Number of classes of each head: shift in x, shift in y, rotation."""


def normal_loss(logits: Any, classes: np.ndarray) -> Any:
    """`L_n`: cross-entropy of the heads for the true classes of the views.

    `sum_t 1/3 * sum_h -log p_h(true class of view t)`, with `p_h` the softmax of head `h`.

    Args:
        logits: Concatenated logits of the three heads, shape `(batch, views, 10)`.
        classes: True classes of every view, shape `(views, 3)`.

    Returns:
        Per-example loss, shape `(batch,)`, float32.
    """
    true = [np.eye(size, dtype="float32")[classes[:, h]] for h, size in enumerate(HEADS)]
    return _cross_entropy(logits, np.concatenate(true, axis=-1))


def anomaly_loss(logits: Any) -> Any:
    """`L_a`: cross-entropy of the heads for the uniform distribution.

    Like `normal_loss` with the uniform distribution in place of the true class,
    `sum_t 1/3 * sum_h -mean_k log p_h(k)`.

    Args:
        logits: Concatenated logits of the three heads, shape `(batch, views, 10)`.

    Returns:
        Per-example loss, shape `(batch,)`, float32.
    """
    return _cross_entropy(logits, np.repeat([1 / size for size in HEADS], HEADS))


def _cross_entropy(logits: Any, targets: np.ndarray) -> Any:
    """Mean over the heads, sum over the views; targets of shape `(views, 10)` or `(10,)`."""
    logits = ops.cast(logits, "float32")
    parts = ops.split(logits, np.cumsum(HEADS)[:-1].tolist(), axis=-1)
    log_p = ops.concatenate([ops.log_softmax(part, axis=-1) for part in parts], axis=-1)
    return -ops.sum(log_p * ops.cast(targets, "float32"), axis=(1, 2)) / len(HEADS)
