"""Image shape and comparisons that the tests of networks share."""

import numpy as np

SMALL = (32, 32, 3)


def trainable(model):
    """Number of trainable parameters."""
    return sum(int(np.prod(w.shape)) for w in model.trainable_weights)


def assert_equal_weights(first, second):
    for a, b in zip(first.get_weights(), second.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
