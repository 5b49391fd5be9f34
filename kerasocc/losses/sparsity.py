"""Sparse noise of the robust autoencoder: proximal operators and norms."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from keras import ops

REACH = 1.5
"""Of `upper_fence`: Tukey's, one in 144 samples of a normal distribution lies beyond his two."""
FAR_REACH = 3.0
"""Of `upper_fence` for norms, which have a longer tail than entries: what Tukey calls far out."""


def soft_threshold(values: Any, threshold: float) -> Any:
    """Elementwise soft threshold, `sign(z) * max(0, |z| - t)`.

    For `t = lam/2` it minimises `(z - n)^2 + lam |n|` over `n`.

    Args:
        values: `z`, any shape.
        threshold: `t`, not negative.

    Returns:
        Tensor of the shape of `values`.

    Reference:
        Zhou and Paffenroth, Anomaly Detection with Robust Deep Autoencoders, KDD
        2017, section 3.3.
    """
    return ops.sign(values) * ops.maximum(ops.abs(values) - threshold, 0.0)


def shrinkage(norm: Any, threshold: float) -> Any:
    """Factor of a group in its proximal operator, `max(0, 1 - t / ||z||)`.

    Args:
        norm: `||z||` of each group, any shape, not negative.
        threshold: `t`, not negative.

    Returns:
        Tensor of the shape of `norm`, in [0, 1]; 0 for a group that is all zero.
    """
    nonzero = norm > threshold
    return ops.where(nonzero, 1.0 - threshold / ops.where(nonzero, norm, 1.0), 0.0)


def group_soft_threshold(values: Any, threshold: float, *, groups: str = "samples") -> Any:
    """Soft threshold of whole groups, `z * max(0, 1 - t / ||z||)`.

    For `t = lam/2` it minimises `||z - n||^2 + lam ||n||` over `n`.

    Args:
        values: `z`, shape `(samples, ...)`.
        threshold: `t`, not negative.
        groups: What is a group: `"samples"`, or `"features"`, each over all samples.

    Returns:
        Tensor of the shape of `values`.

    Reference:
        Zhou and Paffenroth, Anomaly Detection with Robust Deep Autoencoders, KDD
        2017, section 4.
    """
    by_sample = groups == "samples"
    axes = tuple(range(1, len(values.shape))) if by_sample else (0,)
    norm = ops.sqrt(ops.sum(ops.square(values), axis=axes, keepdims=True))
    return values * shrinkage(norm, threshold)


def norm_and_nonzero_share(
    chunks: Iterable[np.ndarray], *, norm: str, groups: str
) -> tuple[float, float]:
    """Norm of noise that is read in chunks, and its fraction of nonzero entries or groups.

    `"l1"`: `sum |n|`; `"l21"`: `sum_i ||n_i||` over the samples or
    `sum_j ||N_:j||` over the features.

    Args:
        chunks: At least one array of shape `(batch, ...)`; summed in float64.
        norm: `"l1"` or `"l21"`.
        groups: `"samples"` or `"features"`; used by `"l21"` only.

    Returns:
        The norm, and the fraction of entries (`"l1"`) or groups (`"l21"`) that are nonzero.
    """
    if norm == "l21" and groups == "features":
        columns = sum(feature_squares(chunk) for chunk in chunks)
        return float(np.sqrt(columns).sum()), float(np.count_nonzero(columns) / columns.size)
    total = nonzero = count = 0.0
    for chunk in chunks:
        values = np.abs(chunk) if norm == "l1" else sample_norms(chunk)
        total += float(values.sum(dtype="float64"))
        nonzero += np.count_nonzero(values)
        count += values.size
    return total, float(nonzero / count)


def sample_norms(values: np.ndarray) -> np.ndarray:
    """`||n_i||_2`, shape `(samples,)`, float64, of an array of shape `(samples, ...)`."""
    squares = np.square(values.reshape(len(values), -1), dtype="float64")
    return np.sqrt(squares.sum(axis=1))


def feature_squares(values: np.ndarray) -> np.ndarray:
    """Sums of squares over the samples, shape `(...)`, float64, of `(samples, ...)`."""
    return np.square(values, dtype="float64").sum(axis=0)


def upper_fence(sizes: np.ndarray, reach: float = REACH) -> float:
    """Tukey's upper fence, `Q3 + reach * (Q3 - Q1)`; what lies beyond it is out of the ordinary.

    Up to a quarter of the sizes can be as large as they like without moving it far.

    Args:
        sizes: Any shape, not empty.
        reach: How many interquartile ranges the fence lies beyond the third quartile.

    Returns:
        The fence, not below the third quartile.

    Reference:
        Tukey, Exploratory Data Analysis, 1977.
    """
    lower, upper = np.quantile(sizes, [0.25, 0.75])
    return float(upper + reach * (upper - lower))
