"""Plain dense networks of variational autoencoders: no BatchNorm, with biases."""

from __future__ import annotations

import math
from collections.abc import Sequence

import keras
from keras import layers

from kerasocc.checks import check_integer
from kerasocc.networks.layer_factory import LayerFactory, decoder_seed, sequential


def dense_encoder(
    shape: Sequence[int],
    code: int,
    *,
    hidden: Sequence[int] = (128, 64),
    seed: int | None = None,
) -> keras.Model:
    """Encoder of flattened samples: dense layers with ReLU, then a linear one.

    Args:
        shape: Of a sample.
        code: Numbers of a code; for a variational autoencoder twice as many as `z` has.
        hidden: Widths of the hidden layers.
        seed: Seed of the initial weights.

    Returns:
        Model from samples `(batch, *shape)` to codes `(batch, code)`.
    """
    parts = [layers.Flatten(), *gaussian_layers([*hidden, code], seed)]
    return sequential(tuple(shape), parts, "dense_encoder")


def dense_decoder(
    shape: Sequence[int],
    code: int,
    *,
    hidden: Sequence[int] = (64, 128),
    seed: int | None = None,
) -> keras.Model:
    """Decoder to samples in [0, 1]: dense layers with ReLU, then one with a sigmoid.

    Args:
        shape: Of a sample.
        code: Numbers of a code.
        hidden: Widths of the hidden layers, those of the encoder in reverse.
        seed: Seed of the initial weights; the seed of the encoder can be used again.

    Returns:
        Model from codes `(batch, code)` to samples `(batch, *shape)`.
    """
    shape = tuple(check_integer("shape", size, minimum=1) for size in shape)
    parts = gaussian_layers([*hidden, math.prod(shape)], decoder_seed(seed))
    parts += [layers.Activation("sigmoid"), layers.Reshape(shape)]
    return sequential((check_integer("code", code, minimum=1),), parts, "dense_decoder")


def gaussian_layers(widths: Sequence[int], seed: int | None) -> list[layers.Layer]:
    """Dense layers with ReLU between them, Glorot-normal weights and biases of 0.

    Args:
        widths: Of the layers, at least one.
        seed: Seed of the initial weights.
    """
    make = LayerFactory(seed=seed)
    parts: list[layers.Layer] = []
    for width in widths:
        initializer = keras.initializers.GlorotNormal(seed=make.next_seed())
        width = check_integer("hidden", width, minimum=1)
        parts += [layers.Dense(width, kernel_initializer=initializer), layers.ReLU()]
    return parts[:-1]
