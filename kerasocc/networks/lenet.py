"""LeNet-type encoders and their mirrored decoders, as in Deep SVDD and Deep SAD."""

from __future__ import annotations

from typing import NamedTuple

import keras
from keras import layers

from kerasocc.checks import check_choice
from kerasocc.networks.blocks import Blocks, decoder_seed, sequential


class LeNet(NamedTuple):
    """Architecture of one data set."""

    input_shape: tuple[int, int, int]
    filters: tuple[int, ...]
    """Of the encoder's convolutions, each followed by a 2x2 max-pooling."""
    code: int
    """Dimension of the embedding."""
    code_shape: tuple[int, int, int]
    """What the decoder reshapes its input to."""
    dense: int | None = None
    """Units of a dense layer between convolutions and code."""
    dense_norm: bool = True
    """Whether that layer is followed by BatchNorm."""
    crop_after: int | None = None
    """Deconvolution, counted from 0, whose output loses a border of one pixel."""
    plain_decoder: bool = False
    """Decoder without BatchNorm, upsampling after each deconvolution but the last."""
    norm_code: bool = False
    """Whether the decoder normalises its input."""
    kernel: int = 5
    initializer: str = "torch"


ARCHITECTURES = {
    "digits": LeNet((8, 8, 1), (16, 32), 32, (2, 2, 8), kernel=3),
    "mnist": LeNet((28, 28, 1), (8, 4), 32, (4, 4, 2), crop_after=1),
    "fashion_mnist": LeNet((28, 28, 1), (16, 32), 64, (4, 4, 8), dense=128, crop_after=1),
    "cifar10": LeNet(
        (32, 32, 3), (32, 64, 128), 128, (4, 4, 8), norm_code=True, initializer="xavier"
    ),
    "gtsrb": LeNet(
        (32, 32, 3), (16, 32), 32, (8, 8, 1), dense=64, dense_norm=False, plain_decoder=True
    ),
}
"""Settings of the papers (digits: ours), by data set."""


def lenet(dataset: str, *, use_bias: bool = False, seed: int | None = None) -> keras.Model:
    """LeNet-type encoder: convolution, BatchNorm, leaky ReLU, pooling; then a code.

    Args:
        dataset: `"mnist"`, `"fashion_mnist"`, `"cifar10"`, `"gtsrb"` or `"digits"`.
        use_bias: Whether layers have biases and BatchNorm trainable parameters,
            which Deep SVDD forbids without an anti-collapse regularizer.
        seed: Seed of the initial weights.

    Returns:
        Model from images `(batch, height, width, channels)` to codes `(batch, d)`.

    Raises:
        ValueError: For an unknown data set.
    """
    net = ARCHITECTURES[check_choice("dataset", dataset, ARCHITECTURES)]
    make = Blocks(use_bias=use_bias, initializer=net.initializer, seed=seed)
    parts: list[layers.Layer] = []
    for filters in net.filters:
        parts += [make.convolution(filters, net.kernel), make.norm(), make.leaky()]
        parts += [layers.MaxPooling2D()]
    parts += [layers.Flatten()]
    if net.dense:
        norm = [make.norm()] if net.dense_norm else []
        parts += [make.dense(net.dense), *norm, make.leaky()]
    parts += [make.dense(net.code)]
    return sequential(net.input_shape, parts, f"{dataset}_lenet")


def lenet_decoder(dataset: str, *, use_bias: bool = False, seed: int | None = None) -> keras.Model:
    """Mirror of `lenet(dataset)`, ending in a sigmoid: it needs inputs in [0, 1].

    Args:
        dataset: As for `lenet`.
        use_bias: As for `lenet`.
        seed: Seed of the initial weights; that of the encoder will do.

    Returns:
        Model from codes `(batch, d)` to images `(batch, height, width, channels)`.

    Raises:
        ValueError: For an unknown data set.
    """
    net = ARCHITECTURES[check_choice("dataset", dataset, ARCHITECTURES)]
    make = Blocks(use_bias=use_bias, initializer=net.initializer, seed=decoder_seed(seed))
    parts: list[layers.Layer] = [make.norm()] if net.norm_code else []
    if net.dense:
        norm = [make.norm()] if net.dense_norm else []
        parts += [make.dense(net.dense), *norm]
    parts += [layers.Reshape(net.code_shape)]
    if net.plain_decoder:
        parts += _plain_body(net, make)
    else:
        parts += _mirrored_body(net, make)
    parts += [make.deconvolution(net.input_shape[-1], net.kernel), layers.Activation("sigmoid")]
    return sequential((net.code,), parts, f"{dataset}_lenet_decoder")


def _mirrored_body(net: LeNet, make: Blocks) -> list[layers.Layer]:
    parts: list[layers.Layer] = [make.leaky()]
    # Three poolings took 32 to 4, which the first deconvolution starts from; two
    # poolings took 28 (or 8) to 7 (or 2), where the upsampling comes first.
    upsample_first = len(net.filters) == 2
    if upsample_first:
        parts += [layers.UpSampling2D()]
    filters = net.filters[::-1]
    for number, count in enumerate(filters):
        parts += [make.deconvolution(count, net.kernel)]
        if number == net.crop_after:
            parts += [layers.Cropping2D(1)]
        parts += [make.norm(), make.leaky()]
        if number < len(filters) - 1 or net.crop_after is not None or not upsample_first:
            parts += [layers.UpSampling2D()]
    return parts


def _plain_body(net: LeNet, make: Blocks) -> list[layers.Layer]:
    parts: list[layers.Layer] = []
    for filters in net.filters[::-1]:
        parts += [make.deconvolution(filters, net.kernel)]
        parts += [make.leaky(), layers.UpSampling2D()]
    return parts
