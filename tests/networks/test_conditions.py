"""Every layer that allows a trivial solution is named, and no other."""

import keras
import pytest
from keras import layers

import kerasocc as kocc
from kerasocc.networks.conditions import trivial_solutions


def encoder(*between):
    """A network without trivial solutions, but for the given layers in its middle."""
    network = keras.Sequential([keras.Input((6, 4)), layers.Dense(4, use_bias=False), *between])
    network.add(layers.Flatten())
    network.add(layers.Dense(3, use_bias=False))
    return network


VIOLATIONS = {
    "bias": (layers.Dense(4, name="a"), ["a (bias)"]),
    "bias of EinsumDense": (
        layers.EinsumDense("abc,cd->abd", (6, 4), bias_axes="d", name="a"),
        ["a (bias)"],
    ),
    "bias of a wrapped layer": (layers.TimeDistributed(layers.Dense(4, name="a")), ["a (bias)"]),
    "bias and activation of a cell": (
        layers.RNN(layers.SimpleRNNCell(4, name="a"), return_sequences=True),
        ["a (bias)", "a (bounded activation tanh)"],
    ),
    "cells of a bidirectional layer": (
        layers.Bidirectional(layers.GRU(2, use_bias=False, return_sequences=True)),
        [
            "gru_cell (bounded activation tanh)",
            "gru_cell (bounded activation tanh)",
        ],
    ),
    "batch": (layers.BatchNormalization(name="a"), ["a (trainable affine)"]),
    "layer offset": (layers.LayerNormalization(scale=False, name="a"), ["a (trainable affine)"]),
    "group scale": (
        layers.GroupNormalization(2, center=False, name="a"),
        ["a (trainable affine)"],
    ),
    "rescaling": (layers.Rescaling(2.0, offset=-1.0, name="a"), ["a (offset)"]),
    "ELU": (layers.ELU(name="a"), ["a (bounded activation elu)"]),
    "elu": (layers.Activation("elu", name="a"), ["a (bounded activation elu)"]),
    "selu": (
        layers.Dense(4, use_bias=False, activation="selu", name="a"),
        ["a (bounded activation selu)"],
    ),
    "softplus": (layers.Activation("softplus", name="a"), ["a (activation softplus, not 0 at 0)"]),
    "ReLU6": (layers.ReLU(max_value=6, name="a"), ["a (bounded activation relu6)"]),
}


@pytest.mark.parametrize("layer, expected", VIOLATIONS.values(), ids=VIOLATIONS)
def test_violations(layer, expected):
    found = trivial_solutions(encoder(layer))
    assert [text.split("_1 ")[0] for text in found] == expected
    layer.trainable = False
    frozen = [text for text in expected if "offset" in text]
    assert trivial_solutions(encoder(layer)) == frozen


class Attention(layers.Layer):
    """Self-attention, as a layer with a layer in it."""

    def __init__(self, **options):
        super().__init__()
        self.attention = layers.MultiHeadAttention(2, 2, **options)

    def call(self, x):
        return self.attention(x, x)


ALLOWED = {
    "relu": layers.ReLU(),
    "leaky": layers.LeakyReLU(),
    "gelu": layers.Activation("gelu"),
    "swish": layers.Activation("swish"),
    "scale alone": layers.Rescaling(2.0),
    "batch": layers.BatchNormalization(center=False, scale=False),
    "layer": layers.LayerNormalization(center=False, scale=False),
    "einsum": layers.EinsumDense("abc,cd->abd", (6, 4)),
    "attention": Attention(use_bias=False),
}


@pytest.mark.parametrize("layer", ALLOWED.values(), ids=ALLOWED)
def test_no_violations(layer):
    assert trivial_solutions(encoder(layer)) == []


def test_attention_has_biases():
    assert len(trivial_solutions(encoder(Attention()))) == 4


def test_an_offset_of_the_inputs_is_no_bias():
    first = layers.Rescaling(1 / 127.5, offset=-1.0)
    assert trivial_solutions(keras.Sequential([keras.Input((6, 4)), first, encoder()])) == []


def test_layers_of_a_subclassed_model():
    class Network(keras.Model):
        def __init__(self):
            super().__init__()
            self.parts = [layers.Dense(4, name="a"), layers.Dense(4, use_bias=False)]

        def call(self, x):
            return self.parts[1](self.parts[0](x))

    assert trivial_solutions(Network()) == ["a (bias)"]


def test_a_warning_names_five_layers():
    network = kocc.networks.mlp([4, *[3] * 7, 2], use_bias=True)
    violations = trivial_solutions(network)
    assert len(violations) > 6
    more = f"{violations[4]} and {len(violations) - 5} more. Use"
    with pytest.warns(UserWarning, match="because of: dense") as caught:
        kocc.DeepSVDD(network)
    (text,) = [str(w.message) for w in caught]
    assert more in text.replace("\n", " ") and violations[5] not in text.split(" more")[0]
