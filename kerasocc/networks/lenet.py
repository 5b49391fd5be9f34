"""LeNet-type encoders and their decoders, as in Deep SVDD and Deep SAD."""

from __future__ import annotations

import math
from typing import NamedTuple

import keras
from keras import layers

from kerasocc.checks import check_choice, check_integer
from kerasocc.networks.layer_factory import LayerFactory, decoder_seed, sequential


class LeNet(NamedTuple):
    """Architecture for one data set."""

    input_shape: tuple[int, int, int]
    filters: tuple[int, ...]
    """Filters of the encoder's convolutions, each followed by a 2x2 max-pooling."""
    code: int
    """Dimension of the embedding."""
    code_shape: tuple[int, int, int]
    """Shape to which the decoder reshapes its input."""
    dense: int | None = None
    """Units of a dense layer between convolutions and embedding."""
    dense_norm: bool = True
    """Whether that layer is followed by BatchNorm."""
    crop_after: int | None = None
    """Index of the deconvolution whose output is cropped by one pixel on each side."""
    upsample_first: bool = False
    """Whether the decoder also upsamples before its first deconvolution."""
    norm_code: bool = False
    """Whether the decoder normalizes its input."""
    kernel: int = 5
    initializer: str = "torch"


ARCHITECTURES = {
    "digits": LeNet((8, 8, 1), (16, 32), 32, (2, 2, 8), upsample_first=True, kernel=3),
    "mnist": LeNet((28, 28, 1), (8, 4), 32, (4, 4, 2), upsample_first=True, crop_after=1),
    "fashion_mnist": LeNet(
        (28, 28, 1), (16, 32), 64, (4, 4, 8), dense=128, upsample_first=True, crop_after=1
    ),
    "cifar10": LeNet(
        (32, 32, 3), (32, 64, 128), 128, (4, 4, 8), norm_code=True, initializer="xavier"
    ),
    "gtsrb": LeNet((32, 32, 3), (16, 32), 32, (8, 8, 1), dense=64, dense_norm=False),
}
"""Architectures of the papers by data set; that for the digits is not from a paper."""

Shape = tuple[int, int, int]

# Two networks of the papers take 28x28 images; this is the larger one.
_BY_SHAPE = {(8, 8, 1): "digits", (28, 28, 1): "fashion_mnist", (32, 32, 3): "cifar10"}


def lenet_for(shape: tuple[int, ...]) -> str | Shape | None:
    """What to give to `lenet` for samples of a shape; None if no LeNet takes them."""
    if shape in _BY_SHAPE:
        return _BY_SHAPE[shape]
    is_taken = len(shape) == 3 and all(side >= 16 and side % 8 == 0 for side in shape[:2])
    return shape if is_taken else None


def lenet(
    dataset: str | Shape,
    *,
    use_bias: bool = False,
    seed: int | None = None,
    code: int | None = None,
) -> keras.Model:
    """LeNet-type encoder: blocks of convolution, BatchNorm, leaky ReLU and pooling, then dense.

    Args:
        dataset: `"mnist"`, `"fashion_mnist"`, `"cifar10"`, `"gtsrb"` or `"digits"`; or
            the shape `(height, width, channels)` of other images, for the architecture of
            CIFAR-10 in another size. Height and width must be multiples of 8, at least 16.
        use_bias: Whether layers have biases and BatchNorm has trainable parameters,
            which Deep SVDD forbids without an anti-collapse regularizer.
        seed: Seed of the initial weights.
        code: Dimension `d` of the codes; None for that of the architecture.

    Returns:
        Model from images `(batch, height, width, channels)` to codes `(batch, d)`.

    Raises:
        ValueError: If the data set is unknown or the image size is not supported.
    """
    net = _architecture(dataset, code)
    make = LayerFactory(use_bias=use_bias, initializer=net.initializer, seed=seed)
    parts: list[layers.Layer] = []
    for filters in net.filters:
        parts += [make.convolution(filters, net.kernel), make.norm(), make.leaky()]
        parts += [layers.MaxPooling2D()]
    parts += [layers.Flatten()]
    if net.dense:
        norm = [make.norm()] if net.dense_norm else []
        parts += [make.dense(net.dense), *norm, make.leaky()]
    parts += [make.dense(net.code)]
    return sequential(net.input_shape, parts, f"{_name(dataset)}_lenet")


def lenet_decoder(
    dataset: str | Shape,
    *,
    use_bias: bool = False,
    seed: int | None = None,
    code: int | None = None,
) -> keras.Model:
    """Decoder for `lenet(dataset)`. It ends in a sigmoid, so inputs must be in [0, 1].

    Args:
        dataset: As for `lenet`.
        use_bias: As for `lenet`.
        seed: Seed of the initial weights; the seed of the encoder can be used again.
        code: As for `lenet`.

    Returns:
        Model from codes `(batch, d)` to images `(batch, height, width, channels)`.

    Raises:
        ValueError: If the data set is unknown or the image size is not supported.
    """
    net = _architecture(dataset, code)
    make = LayerFactory(use_bias=use_bias, initializer=net.initializer, seed=decoder_seed(seed))
    parts: list[layers.Layer] = [make.norm()] if net.norm_code else []
    units = math.prod(net.code_shape)
    if net.dense or units != net.code:
        norm = [make.norm()] if net.dense_norm else []
        parts += [make.dense(units), *norm]
    parts += [layers.Reshape(net.code_shape)]
    parts += _deconvolutions(net, make)
    parts += [make.deconvolution(net.input_shape[-1], net.kernel), layers.Activation("sigmoid")]
    return sequential((net.code,), parts, f"{_name(dataset)}_lenet_decoder")


def _architecture(dataset: str | Shape, code: int | None) -> LeNet:
    net = _published_architecture(dataset)
    return net if code is None else net._replace(code=check_integer("code", code, minimum=1))


def _published_architecture(dataset: str | Shape) -> LeNet:
    if isinstance(dataset, str):
        return ARCHITECTURES[check_choice("dataset", dataset, ARCHITECTURES)]
    shape = tuple(dataset)
    sides_fit = len(shape) == 3 and all(side >= 16 and side % 8 == 0 for side in shape[:2])
    if not sides_fit or shape[2] < 1:
        raise ValueError(
            "`dataset` must be a name or a shape (height, width, channels) whose height and width "
            f"are multiples of 8, at least 16. Received: dataset={dataset!r}"
        )
    height, width, _ = shape
    return ARCHITECTURES["cifar10"]._replace(
        input_shape=shape, code_shape=(height // 8, width // 8, 8)
    )


def _name(dataset: str | Shape) -> str:
    return dataset if isinstance(dataset, str) else "x".join(map(str, dataset))


def _deconvolutions(net: LeNet, make: LayerFactory) -> list[layers.Layer]:
    parts: list[layers.Layer] = [make.leaky()]
    if net.upsample_first:
        parts += [layers.UpSampling2D()]
    filters = net.filters[::-1]
    for number, count in enumerate(filters):
        parts += [make.deconvolution(count, net.kernel)]
        if number == net.crop_after:
            parts += [layers.Cropping2D(1)]
        parts += [make.norm(), make.leaky()]
        if number < len(filters) - 1 or net.crop_after is not None or not net.upsample_first:
            parts += [layers.UpSampling2D()]
    return parts
