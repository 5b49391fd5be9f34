"""Convex quadratic programs with bounds, by a primal-dual interior point method."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

_RIDGE = 1e-9
"""Added to the diagonal, relative to its mean: equal rows make a kernel matrix singular."""
_ITERATIONS = 100
_SMALLEST_STEP = 1e-9


class _Point(NamedTuple):
    """A point, or a step from it.

    Attributes:
        x: Variables, shape `(n,)`.
        room: `u - x`; 1 where there is no bound, its step 0.
        lower: Multipliers of `x >= 0`.
        upper: Multipliers of `x <= u`; 0 where there is no bound.
        multipliers: Of the equations, shape `(m,)`.
    """

    x: np.ndarray
    room: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    multipliers: np.ndarray

    def moved(self, step: _Point, length: float) -> _Point:
        return _Point(*(at + length * by for at, by in zip(self, step, strict=True)))

    def products(self) -> float:
        """Sum of the complementary products, 0 at the optimum."""
        return float(self.x @ self.lower + self.room @ self.upper)

    def longest(self, step: _Point) -> float:
        """The largest part of a step, 1 at most, that leaves everything but `multipliers` >= 0."""
        pairs = zip(self[:4], step[:4], strict=True)
        shrinking = [np.max(-by[by < 0] / at[by < 0], initial=0.0) for at, by in pairs]
        return 1.0 / max(1.0, *shrinking)


class _System:
    """The linear system of the Newton steps from one point.

    Args:
        quadratic: `Q`, shape `(n, n)`.
        equations: `A`, shape `(m, n)`.
        point: The point.
        bounded: Which variables have an upper bound, shape `(n,)`, bool.
    """

    def __init__(
        self, quadratic: np.ndarray, equations: np.ndarray, point: _Point, bounded: np.ndarray
    ):
        from scipy.linalg import cho_factor, cho_solve

        self._equations, self._point, self._bounded = equations, point, bounded
        matrix = quadratic.copy()
        matrix[np.diag_indices(len(matrix))] += point.lower / point.x + point.upper / point.room
        factor = cho_factor(matrix, lower=True, overwrite_a=True, check_finite=False)
        self._solve = lambda right: cho_solve(factor, right, check_finite=False)
        self._solved = self._solve(equations.T)

    def step(
        self, slope: np.ndarray, missing: np.ndarray, lower: np.ndarray, upper: np.ndarray
    ) -> _Point:
        """The step after which, to first order, the conditions hold.

        Args:
            slope: Gradient of the Lagrangian, shape `(n,)`.
            missing: `b - A x`, shape `(m,)`.
            lower: What the products `x * lower` are to change by.
            upper: The same for `room * upper`; 0 where there is no bound.
        """
        at = self._point
        particular = self._solve(-slope + lower / at.x - upper / at.room)
        multipliers = np.linalg.solve(
            self._equations @ self._solved, missing - self._equations @ particular
        )
        x = particular + self._solved @ multipliers
        return _Point(
            x,
            np.where(self._bounded, -x, 0.0),
            (lower - at.lower * x) / at.x,
            (upper + at.upper * x) / at.room,
            multipliers,
        )


def minimize_quadratic(
    matrix: np.ndarray,
    equations: np.ndarray,
    values: np.ndarray,
    upper: np.ndarray,
    *,
    gap_tolerance: float = 1e-12,
    tolerance: float = 1e-8,
) -> tuple[np.ndarray, np.ndarray]:
    """The `x` that minimises `1/2 x' Q x` under `A x = b`, `0 <= x <= u`.

    Every iteration factorizes one matrix of `n` rows; some 20 of them are needed.

    Args:
        matrix: `Q`, positive semidefinite, shape `(n, n)`.
        equations: `A`, linearly independent rows, shape `(m, n)`.
        values: `b`, shape `(m,)`.
        upper: `u`, above 0, shape `(n,)`; infinity for no bound.
        gap_tolerance: Mean product of a variable's distance from a bound and its multiplier that
            is left.
        tolerance: Largest violation of another optimality condition that is left.

    Returns:
        `x`, shape `(n,)`, and the multipliers of the equations, shape `(m,)`.

    Raises:
        ValueError: If none is found: no `x` meets the conditions.

    Reference:
        Mehrotra, On the Implementation of a Primal-Dual Interior Point Method, SIAM Journal on
        Optimization 1992.
    """
    count = len(upper)
    quadratic = np.array(matrix, dtype="float64")
    quadratic[np.diag_indices(count)] += _RIDGE * max(np.trace(quadratic) / count, 1e-12)
    bounded = np.isfinite(upper)
    x = np.minimum(np.where(bounded, upper / 2, 1.0), 1.0)
    room = np.where(bounded, upper - x, 1.0)
    point = _Point(x, room, np.ones(count), bounded * 1.0, np.zeros(len(values)))
    pairs = count + int(bounded.sum())
    for _ in range(_ITERATIONS):
        slope = quadratic @ point.x - equations.T @ point.multipliers - point.lower + point.upper
        missing = values - equations @ point.x
        gap = point.products() / pairs
        violation = max(np.abs(slope).max(), np.abs(missing).max())
        if gap < gap_tolerance and violation < tolerance:
            return point.x, point.multipliers
        system = _System(quadratic, equations, point, bounded)
        wanted = -point.x * point.lower, -point.room * point.upper
        trial = system.step(slope, missing, *wanted)
        after = point.moved(trial, point.longest(trial)).products() / pairs
        centred = gap * (after / gap) ** 3
        step = system.step(
            slope,
            missing,
            wanted[0] + centred - trial.x * trial.lower,
            np.where(bounded, wanted[1] + centred - trial.room * trial.upper, 0.0),
        )
        length = 0.995 * point.longest(step)
        if length < _SMALLEST_STEP:
            break
        point = point.moved(step, length)
    raise ValueError(
        "The quadratic program must have a solution. Received: conditions that are violated by "
        f"{np.abs(missing).max():.3g}"
    )
