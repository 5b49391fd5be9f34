"""Weight decay, by hand."""

import math

import numpy as np

from kerasocc.losses import weight_decay


def test_squared_norm_is_half_the_sum_of_squares():
    kernels = [np.array([[1.0, 2.0]]), np.array([3.0])]
    assert float(weight_decay.squared_norm(kernels)) == 0.5 * (1 + 4 + 9)
    assert math.isclose(float(weight_decay.squared_norm([np.zeros((2, 2))])), 0.0)
