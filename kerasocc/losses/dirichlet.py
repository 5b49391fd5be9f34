"""Dirichlet distributions: maximum likelihood, in NumPy."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.special import digamma, polygamma, xlogy

MOST_ITERATIONS = 100
"""Of either method; the fixed-point iteration needs thousands where the parameters are large."""
TOLERANCE = 1e-9
"""Change of a distribution's parameters, relative to their norm, at which an iteration ends."""
LEAST_DIVERGENCE = 1e-2
"""Of `divergence`: equal observations have none, and are likelier the larger the parameters. So
close are the outputs of a network that has learned nothing; the parameters of 72 classes then sum
up to 4000."""


def maximum_likelihood(mean_p: np.ndarray, mean_log_p: np.ndarray) -> np.ndarray:
    """Parameters of the Dirichlet distributions under which observations are most likely.

    The fixed-point iteration `psi(alpha_k) <- psi(sum_j alpha_j) + mean log p_k` of Minka, from
    the estimate of Wicker et al.; where it has not come to rest, Newton's method goes on to the
    same maximum, of which there is but one. All of it needs no more of the observations than two
    means.

    Args:
        mean_p: Mean of the observations, shape `(..., k)`, each row summing to 1.
        mean_log_p: Mean of their logarithms, shape `(..., k)`, finite.

    Returns:
        Shape `(..., k)`, positive, float64.

    References:
        - Minka, Estimating a Dirichlet distribution, technical report, MIT, 2000, eq. 9 (fixed
          point) and 14 to 18 (Newton).
        - Wicker et al., A maximum likelihood approximation method for Dirichlet's parameter
          estimation, Computational Statistics and Data Analysis, 2008.
    """
    mean_p, mean_log = np.asarray(mean_p, "float64"), np.asarray(mean_log_p, "float64")
    mean_log = mean_log - np.maximum(LEAST_DIVERGENCE - divergence(mean_p, mean_log), 0.0)
    alpha = initial_parameters(mean_p, mean_log)
    for step in (fixed_point_step, newton_step):
        alpha = _iterated(step, alpha, mean_log)
    return alpha


def _iterated(
    step: Callable[[np.ndarray, np.ndarray], np.ndarray], alpha: np.ndarray, mean_log: np.ndarray
) -> np.ndarray:
    """Parameters after as many steps as it takes, for each distribution by itself."""
    size = alpha.shape[-1]
    found, means = alpha.reshape(-1, size), mean_log.reshape(-1, size)
    moving = np.arange(len(found))
    for _ in range(MOST_ITERATIONS):
        before = found[moving]
        found[moving] = after = step(before, means[moving])
        change = np.linalg.norm(after - before, axis=1)
        moving = moving[change > TOLERANCE * np.linalg.norm(after, axis=1)]
        if not len(moving):
            break
    return found.reshape(alpha.shape)


def fixed_point_step(alpha: np.ndarray, mean_log: np.ndarray) -> np.ndarray:
    """One step of the fixed-point iteration, shapes `(n, k)`."""
    return inverse_digamma(digamma(alpha.sum(axis=1, keepdims=True)) + mean_log)


def newton_step(alpha: np.ndarray, mean_log: np.ndarray) -> np.ndarray:
    """One step of Newton's method, shapes `(n, k)`; at most half of a parameter is taken off."""
    total = alpha.sum(axis=1, keepdims=True)
    gradient = digamma(total) - digamma(alpha) + mean_log
    # The Hessian is diagonal but for a constant.
    diagonal, constant = -polygamma(1, alpha), polygamma(1, total)
    shared = (gradient / diagonal).sum(axis=1, keepdims=True)
    shared /= 1.0 / constant + (1.0 / diagonal).sum(axis=1, keepdims=True)
    return np.maximum(alpha - (gradient - shared) / diagonal, 0.5 * alpha)


def divergence(mean_p: np.ndarray, mean_log_p: np.ndarray) -> np.ndarray:
    """How far observations spread: `sum_k f_k (log f_k - mean log p_k)` with their mean `f`.

    Args:
        mean_p: Shape `(..., k)`.
        mean_log_p: Shape `(..., k)`.

    Returns:
        Shape `(..., 1)`; not negative, 0 for equal observations.
    """
    return (xlogy(mean_p, mean_p) - mean_p * mean_log_p).sum(axis=-1, keepdims=True)


def initial_parameters(mean_p: np.ndarray, mean_log_p: np.ndarray) -> np.ndarray:
    """The approximation of Wicker et al.: `f (k - 1) gamma / divergence`, `gamma` Euler's.

    Args:
        mean_p: `f`, shape `(..., k)`.
        mean_log_p: Shape `(..., k)`.

    Returns:
        Shape `(..., k)`, positive.
    """
    total = (mean_p.shape[-1] - 1) * -digamma(1.0) / divergence(mean_p, mean_log_p)
    return np.maximum(mean_p, np.finfo("float64").tiny) * total


def inverse_digamma(y: np.ndarray, *, steps: int = 5) -> np.ndarray:
    """`x` with `psi(x) = y`, by Newton's method (Minka 2000, appendix C).

    Args:
        y: Any shape.
        steps: Of Newton's method; five give 14 digits.

    Returns:
        Positive, of the shape of `y`.
    """
    x = np.where(y >= -2.22, np.exp(y) + 0.5, -1.0 / (y - digamma(1.0)))
    for _ in range(steps):
        x = x - (digamma(x) - y) / polygamma(1, x)
    return x
