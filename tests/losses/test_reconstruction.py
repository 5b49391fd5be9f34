"""Reconstruction error, by hand."""

import numpy as np
from keras import ops

from kerasocc.losses import reconstruction


def test_squared_error_sums_over_the_features():
    x = np.arange(8.0).reshape(2, 2, 2)
    shifted = x.copy()
    shifted[0, 0, 1] += 3.0
    shifted[1] -= 0.5
    errors = ops.convert_to_numpy(reconstruction.squared_error(x, shifted))
    assert errors.tolist() == [9.0, 4 * 0.25]
