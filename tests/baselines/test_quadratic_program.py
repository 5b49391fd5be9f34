"""Quadratic programs by hand, and by their conditions of optimality."""

import numpy as np
import pytest

from kerasocc.baselines.quadratic_program import minimize_quadratic


def test_by_hand():
    # 1/2 (x^2 + 4 y^2), x + y = 1: x = 4 y, so (0.8, 0.2), the slope being 0.8.
    x, multipliers = minimize_quadratic(
        np.diag([1.0, 4.0]), np.ones((1, 2)), np.ones(1), np.full(2, np.inf)
    )
    np.testing.assert_allclose(x, [0.8, 0.2], atol=1e-7)
    np.testing.assert_allclose(multipliers, [0.8], atol=1e-7)


def test_bounds():
    x, _ = minimize_quadratic(
        np.diag([1.0, 4.0]), np.ones((1, 2)), np.ones(1), np.array([0.5, np.inf])
    )
    np.testing.assert_allclose(x, [0.5, 0.5], atol=1e-7)
    # y - x = 1 has its minimum at x < 0.
    x, _ = minimize_quadratic(np.eye(2), np.array([[-1.0, 1.0]]), np.ones(1), np.full(2, np.inf))
    np.testing.assert_allclose(x, [0.0, 1.0], atol=1e-7)


def test_equal_rows():
    # A singular matrix: any x + y = 1 is a minimum.
    x, multipliers = minimize_quadratic(np.ones((2, 2)), np.ones((1, 2)), np.ones(1), np.ones(2))
    assert x.sum() == pytest.approx(1.0, abs=1e-7)
    np.testing.assert_allclose(multipliers, [1.0], atol=1e-6)


def test_conditions_of_optimality(random):
    factor = random.normal(size=(40, 40))
    matrix, upper = factor @ factor.T / 40, random.uniform(0.02, 0.2, 40)
    equations = np.stack([np.ones(40), (np.arange(40) < 10) * 1.0])
    values = np.array([1.0, 0.4])
    x, multipliers = minimize_quadratic(matrix, equations, values, upper)
    np.testing.assert_allclose(equations @ x, values, atol=1e-7)
    assert x.min() >= 0 and (x <= upper + 1e-9).all()
    slope = matrix @ x - multipliers @ equations
    low, high = x < 1e-5, x > upper - 1e-5
    assert low.any() and high.any() and (~low & ~high).sum() > 3
    assert slope[low].min() > -1e-6 and slope[high].max() < 1e-6
    np.testing.assert_allclose(slope[~low & ~high], 0.0, atol=1e-4)


def test_without_a_solution():
    with pytest.raises(ValueError, match="must have a solution. Received: conditions"):
        minimize_quadratic(np.eye(2), np.ones((1, 2)), np.array([3.0]), np.ones(2))
