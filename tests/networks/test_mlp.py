"""Fully connected networks: shapes, parameters, arguments."""

import pytest

from kerasocc.networks import mlp, mlp_decoder
from kerasocc.networks.conditions import trivial_solutions
from tests.networks.models import trainable


def test_mlp():
    encoder, decoder = mlp([20, 32, 16, 4]), mlp_decoder([20, 32, 16, 4])
    assert (encoder.input_shape, encoder.output_shape) == ((None, 20), (None, 4))
    assert (decoder.input_shape, decoder.output_shape) == ((None, 4), (None, 20))
    expected = 20 * 32 + 32 * 16 + 16 * 4
    assert trainable(encoder) == trainable(decoder) == expected
    assert trivial_solutions(encoder) == []


def test_without_batch_norm():
    encoder = mlp([20, 32, 4], use_bias=True, use_batch_norm=False, seed=0)
    decoder = mlp_decoder([20, 32, 4], use_bias=True, use_batch_norm=False, seed=0)
    for network in (encoder, decoder):
        kinds = [type(layer).__name__ for layer in network.layers]
        assert [kind for kind in kinds if kind != "Activation"] == ["Dense", "LeakyReLU", "Dense"]
        # Uniform with the limits of Glorot and Bengio, AISTATS 2010, equation 16.
        kernel = network.layers[0].kernel.numpy()
        limit = (6 / sum(kernel.shape)) ** 0.5
        assert 0.9 * limit < abs(kernel).max() <= limit
    assert trainable(encoder) == 20 * 32 + 32 + 32 * 4 + 4
    small = abs(mlp([20, 32, 4], seed=0).layers[0].kernel.numpy()).max()
    assert small <= 20**-0.5 < (6 / 52) ** 0.5


@pytest.mark.parametrize("widths", [[], [3], [3, 0], [3, 2.5], [3, -1, 2]])
def test_bad_widths(widths):
    with pytest.raises(ValueError, match="`widths` must"):
        mlp(widths)
