"""GEO (Golan and El-Yaniv, NeurIPS 2018): cross-entropies and the score, unreduced."""

from __future__ import annotations

import math
from typing import Any

from keras import ops

SMALLEST = 1e-37
"""What probabilities are clipped at before their logarithm: near the smallest normal float32,
below which the logarithms of the authors are -infinity."""


def log_softmax(logits: Any) -> Any:
    """`log p` of logits `(..., k)`, with `p` clipped at `SMALLEST`; float32."""
    log_p = ops.log_softmax(ops.cast(logits, "float32"), axis=-1)
    return ops.maximum(log_p, math.log(SMALLEST))


def normal_loss(logits: Any, numbers: Any) -> Any:
    """`L_n`: cross-entropy for the transformation that was applied, mean over the views.

    `mean_v -log p(transformation of view v)`.

    Args:
        logits: Shape `(batch, views, k)`.
        numbers: Number of the transformation of each view, shape `(batch, views)` or
            `(1, views)`, integers.

    Returns:
        Per-example loss, shape `(batch,)`, float32.
    """
    log_p = ops.log_softmax(ops.cast(logits, "float32"), axis=-1)
    true = ops.one_hot(numbers, log_p.shape[-1], dtype="float32")
    return -ops.mean(ops.sum(log_p * true, axis=-1), axis=-1)


def anomaly_loss(logits: Any) -> Any:
    """`L_a`: cross-entropy for the uniform distribution, `mean_v -mean_k log p_k`.

    Nothing is published for GEO; it is what Qiu et al. (ICML 2022) take for MHRot.

    Args:
        logits: Shape `(batch, views, k)`.

    Returns:
        Per-example loss, shape `(batch,)`, float32.
    """
    log_p = ops.log_softmax(ops.cast(logits, "float32"), axis=-1)
    return -ops.mean(log_p, axis=(1, 2))


def dirichlet_score(logits: Any, alpha: Any, origin: Any) -> Any:
    """Minus the log-likelihood of the softmax outputs under a Dirichlet per transformation.

    `-sum_t sum_k (alpha_tk - 1) (log p_k(t(x)) - origin_tk)`. The normalization of the densities,
    which is the same for all samples, is left out; so is the origin in the paper. Near the
    outputs it leaves float32 its digits.

    Args:
        logits: Those of the views by all transformations, shape `(batch, t, k)`.
        alpha: Parameters of the Dirichlet of each transformation, shape `(t, k)`.
        origin: What the `log p` are compared with, shape `(t, k)`.

    Returns:
        Shape `(batch,)`, float32.
    """
    return -ops.sum((alpha - 1.0) * (log_softmax(logits) - origin), axis=(1, 2))
