"""LeNets of the papers: shapes, parameters, initialisation, seeds."""

import keras
import numpy as np
import pytest

from kerasocc.networks import lenet, lenet_decoder, mlp
from kerasocc.networks.conditions import leaf_layers, trivial_solutions
from tests.networks.models import trainable

# Trainable parameters by hand: kernels only, 25 cells per 5x5 filter (digits: 9).
ENCODERS = {
    "digits": ((8, 8, 1), 32, 9 * (16 + 16 * 32) + 2 * 2 * 32 * 32),
    "mnist": ((28, 28, 1), 32, 25 * (8 + 8 * 4) + 7 * 7 * 4 * 32),
    "fashion_mnist": ((28, 28, 1), 64, 25 * (16 + 16 * 32) + 7 * 7 * 32 * 128 + 128 * 64),
    "cifar10": ((32, 32, 3), 128, 25 * (3 * 32 + 32 * 64 + 64 * 128) + 4 * 4 * 128 * 128),
    "gtsrb": ((32, 32, 3), 32, 25 * (3 * 16 + 16 * 32) + 8 * 8 * 32 * 64 + 64 * 32),
}

DECODERS = {
    "digits": 9 * (8 * 32 + 32 * 16 + 16),
    "mnist": 25 * (2 * 4 + 4 * 8 + 8),
    "fashion_mnist": 64 * 128 + 25 * (8 * 32 + 32 * 16 + 16),
    "cifar10": 25 * (8 * 128 + 128 * 64 + 64 * 32 + 32 * 3),
    "gtsrb": 32 * 64 + 25 * (32 + 32 * 16 + 16 * 3),
}


@pytest.mark.parametrize("name", ENCODERS)
def test_lenet(name):
    shape, code, parameters = ENCODERS[name]
    encoder = lenet(name)
    assert encoder.input_shape == (None, *shape)
    assert encoder.output_shape == (None, code)
    assert trainable(encoder) == parameters
    assert trivial_solutions(encoder) == []


@pytest.mark.parametrize("name", DECODERS)
def test_lenet_decoder(name):
    shape, code, _ = ENCODERS[name]
    decoder = lenet_decoder(name)
    assert decoder.input_shape == (None, code)
    assert decoder.output_shape == (None, *shape)
    assert trainable(decoder) == DECODERS[name]
    output = np.array(decoder(np.random.default_rng(0).normal(size=(2, code)).astype("float32")))
    assert output.min() >= 0 and output.max() <= 1


def test_another_code():
    shape = (28, 28, 1)
    assert lenet("mnist", code=48).output_shape == (None, 48)
    decoder = lenet_decoder("mnist", code=48)
    assert decoder.input_shape == (None, 48) and decoder.output_shape == (None, *shape)
    # A dense layer brings the code to the 4 x 4 x 2 that the other layers begin with.
    assert trainable(decoder) == 48 * 32 + DECODERS["mnist"]
    assert trainable(lenet_decoder("mnist", code=32)) == DECODERS["mnist"]
    with pytest.raises(ValueError, match="`code` must be an integer of at least 1"):
        lenet("mnist", code=0)


def test_biases_on_request():
    assert trainable(lenet("mnist", use_bias=True)) == ENCODERS["mnist"][2] + 3 * (8 + 4) + 32
    assert len(trivial_solutions(mlp([4, 8, 2], use_bias=True))) == 3


def test_settings_of_the_reference():
    for layer in leaf_layers(lenet("cifar10")):
        if isinstance(layer, keras.layers.BatchNormalization):
            assert (layer.epsilon, layer.momentum) == (1e-4, 0.9)
            assert not layer.center and not layer.scale
        if isinstance(layer, keras.layers.LeakyReLU):
            assert layer.negative_slope == pytest.approx(0.01)


@pytest.mark.parametrize(("name", "limit"), [("mnist", (1 / 25) ** 0.5), ("cifar10", None)])
def test_initialisation(name, limit):
    """The uniform limits of torch's default (1/sqrt(fan_in)) and of Xavier with its gain."""
    kernel = np.array(lenet(name, seed=0).layers[0].kernel)
    if limit is None:
        fans = 25 * (3 + 32)
        limit = (2 / (1 + 0.01**2)) ** 0.5 * (6 / fans) ** 0.5
    assert np.abs(kernel).max() <= limit
    assert np.abs(kernel).max() > 0.9 * limit


def test_seeds():
    first, same, other = (lenet("digits", seed=s).get_weights() for s in (3, 3, 4))
    for a, b, c in zip(first, same, other, strict=True):
        np.testing.assert_array_equal(a, b)
        if a.ndim > 1:
            assert not np.array_equal(a, c)
    kernels = [w for w in mlp([8, 8, 8, 8], seed=0).get_weights() if w.shape == (8, 8)]
    assert not np.array_equal(kernels[0], kernels[1])


@pytest.mark.parametrize("make", [lenet, lenet_decoder])
def test_unknown_name(make):
    with pytest.raises(ValueError, match="`dataset` must be one of .*mnist.* Received: dataset='m"):
        make("minst")


@pytest.mark.parametrize("shape", [(16, 16, 1), (64, 32, 3), (32, 32, 3)])
def test_lenet_of_any_size(shape):
    encoder, decoder = lenet(shape, seed=0), lenet_decoder(shape, seed=0)
    assert encoder.output_shape == (None, 128)
    assert decoder.output_shape == (None, *shape)
    if shape == (32, 32, 3):
        named = lenet("cifar10", seed=0), lenet_decoder("cifar10", seed=0)
        for own, other in zip((encoder, decoder), named, strict=True):
            for a, b in zip(own.get_weights(), other.get_weights(), strict=True):
                np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("shape", [(30, 32, 3), (8, 8, 1), (32, 32), (32, 32, 0)])
def test_lenet_of_a_size_that_does_not_fit(shape):
    with pytest.raises(ValueError, match="multiples of 8, at least 16. Received: "):
        lenet(shape)
