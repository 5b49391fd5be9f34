"""Integrated gradients (Sundararajan et al., ICML 2017)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np


def integrated_gradients(
    gradient: Callable[[np.ndarray], np.ndarray],
    x: np.ndarray,
    baseline: np.ndarray,
    steps: int = 32,
) -> np.ndarray:
    """`(x - x') * integral of the gradient of the score from x' to x`, for every feature.

    The contributions of a sample add up to `score(x) - score(x')`. The integral along the
    straight line is computed by Gauss-Legendre quadrature, exact for scores that are polynomials
    of a degree up to `2 * steps` along it.

    Args:
        gradient: From samples `(samples, ...)` to the gradients of their scores, the same shape.
        x: Samples, shape `(samples, ...)`.
        baseline: `x'`, what the scores are compared with; broadcast to the shape of `x`.
        steps: Points of the quadrature, each of them one call of `gradient`.

    Returns:
        Shape `(samples, ...)`, float32.
    """
    nodes, weights = np.polynomial.legendre.leggauss(steps)
    difference = (x - baseline).astype("float32")
    total = np.zeros(x.shape, "float64")
    # From [-1, 1] to [0, 1].
    for node, weight in zip((nodes + 1) / 2, weights / 2, strict=True):
        total += weight * gradient((x - np.float32(1 - node) * difference).astype("float32"))
    return (difference * total).astype("float32")
