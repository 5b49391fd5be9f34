"""Dense networks of variational autoencoders: shapes, seeds, and what they refuse."""

import numpy as np
import pytest

from kerasocc.networks import dense_decoder, dense_encoder
from tests.networks.models import trainable


def test_encoder():
    model = dense_encoder((28, 28, 1), 64)
    assert model.output_shape == (None, 64)
    assert trainable(model) == 785 * 128 + 129 * 64 + 65 * 64


def test_decoder():
    model = dense_decoder((4, 4, 1), 3, hidden=(5,), seed=0)
    assert trainable(model) == 4 * 5 + 6 * 16
    output = np.array(model(np.ones((2, 3), "float32")))
    assert output.shape == (2, 4, 4, 1) and output.min() > 0 and output.max() < 1
    assert dense_decoder((7,), 3).output_shape == (None, 7)


def test_without_hidden_layers():
    assert trainable(dense_encoder((7,), 3, hidden=())) == 8 * 3


def test_seeds():
    first, second, other = (dense_encoder((7,), 3, seed=seed).get_weights() for seed in (1, 1, 2))
    np.testing.assert_array_equal(first[0], second[0])
    assert not np.array_equal(first[0], other[0])


def test_bad_arguments():
    with pytest.raises(ValueError, match="`hidden` must be an integer of at least 1"):
        dense_encoder((7,), 3, hidden=(0,))
    with pytest.raises(ValueError, match="`code` must be an integer of at least 1"):
        dense_decoder((7,), 0)
