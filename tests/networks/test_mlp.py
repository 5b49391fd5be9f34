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


@pytest.mark.parametrize("widths", [[], [3], [3, 0], [3, 2.5], [3, -1, 2]])
def test_bad_widths(widths):
    with pytest.raises(ValueError, match="`widths` must"):
        mlp(widths)
