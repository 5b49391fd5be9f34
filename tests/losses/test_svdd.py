"""Distances and objectives of Deep SVDD, by hand."""

import numpy as np
import pytest
from keras import ops

from kerasocc.losses import svdd

EMBEDDING = np.array([[1.0, 2.0], [0.0, 0.0], [3.0, -1.0]], "float32")

CENTER = np.array([1.0, 0.0], "float32")

# ||(0, 2)||^2 = 4, ||(-1, 0)||^2 = 1, ||(2, -1)||^2 = 5
DISTANCES = [4.0, 1.0, 5.0]


def test_squared_distance():
    assert ops.convert_to_numpy(svdd.squared_distance(EMBEDDING, CENTER)).tolist() == DISTANCES


def test_squared_distance_of_float16_does_not_overflow():
    embedding = np.full((1, 4), 300.0, "float16")
    distance = svdd.squared_distance(embedding, np.zeros(4, "float32"))
    assert float(distance[0]) == 360_000.0


def test_one_class_is_the_distance():
    distance = ops.convert_to_tensor(DISTANCES)
    assert ops.convert_to_numpy(svdd.one_class(distance)).tolist() == DISTANCES


def test_soft_boundary():
    # R = 1.5, R^2 = 2.25, nu = 1/4: 2.25 + 4 * max(0, dist - 2.25)
    # = 2.25 + 4 * (1.75, 0, 2.75) = (9.25, 2.25, 13.25)
    losses = svdd.soft_boundary(ops.convert_to_tensor(DISTANCES), 1.5, 0.25)
    assert ops.convert_to_numpy(losses).tolist() == [9.25, 2.25, 13.25]


@pytest.mark.parametrize("nu", [0.1, 1.0])
def test_soft_boundary_without_radius_is_the_scaled_one_class_objective(nu):
    distance = ops.convert_to_tensor(DISTANCES)
    losses = ops.convert_to_numpy(svdd.soft_boundary(distance, 0.0, nu))
    np.testing.assert_allclose(losses, np.array(DISTANCES) / nu, rtol=1e-6)
