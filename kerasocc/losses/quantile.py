"""Quantiles of values, with weights or without."""

from __future__ import annotations

from typing import Any

import numpy as np
from keras import ops

from kerasocc import distribution


def quantile(values: np.ndarray, share: float, weights: np.ndarray | None = None) -> float:
    """Quantile of the values of a training set, in float64.

    Args:
        values: Shape `(samples,)`.
        share: In [0, 1].
        weights: Shape `(samples,)`, not negative, not all 0; None for equal ones.
    """
    if weights is None:
        return float(np.quantile(values, share))
    values, weights = np.asarray(values, "float64"), np.asarray(weights, "float64")
    return float(_weighted(values, weights, share, np))


def global_quantile(values: Any, share: float, weights: Any, default: Any) -> Any:
    """Quantile of the values of a global batch, inside of a training step.

    Args:
        values: Shape `(local_batch,)`, float32.
        share: In [0, 1].
        weights: Shape `(local_batch,)`, not negative; None for equal ones.
        default: What to return for weights that are all 0, a scalar.

    Returns:
        Scalar, float32.
    """
    values = distribution.global_concat(values)
    if weights is None:
        return ops.quantile(values, share)
    weights = distribution.global_concat(ops.cast(ops.reshape(weights, (-1,)), "float32"))
    is_weighted = ops.sum(weights) > 0
    found = _weighted(values, ops.where(is_weighted, weights, 1.0), share, ops)
    # `where` of JAX accepts tensors only, not variables.
    return ops.where(is_weighted, found, ops.convert_to_tensor(default))


def _weighted(values: Any, weights: Any, share: float, xp: Any) -> Any:
    """The weighted quantile that is linear between the values.

    With `n = (sum w)^2 / sum w^2`, the effective number of samples, and the values in ascending
    order, a value counts with the part of the interval `[h, h + 1] / n`, `h = share (n - 1)`,
    that its weight covers when the weights are laid in a row from 0 to 1. Equal weights give the
    usual quantile; the scale of the weights, and samples of weight 0, change nothing.

    Args:
        values: Shape `(n,)`.
        weights: Shape `(n,)`.
        share: In [0, 1].
        xp: NumPy, or `keras.ops`.

    Reference:
        Akinshin, Weighted quantile estimators, arXiv 2304.07265, 2023, section 4 (type 7).
    """
    order = xp.argsort(values)
    values, weights = xp.take(values, order), xp.take(weights, order)
    total = xp.sum(weights)
    size = xp.square(total) / xp.sum(xp.square(weights))
    covered = xp.clip(size * xp.cumsum(weights) / total - share * (size - 1), 0, 1)
    before = xp.concatenate([xp.zeros_like(covered[:1]), covered[:-1]])
    return xp.sum(values * (covered - before))
