"""Fully convolutional networks of FCDD (Liznerski et al., ICLR 2021)."""

from __future__ import annotations

from typing import NamedTuple

import keras
from keras import layers

from kerasocc.checks import check_choice
from kerasocc.networks.layer_factory import LayerFactory, sequential


class FullyConvolutional(NamedTuple):
    """Architecture for one size of images.

    Attributes:
        input_shape: Of an image.
        filters: Of the convolutions, each but the last followed by BatchNorm and leaky ReLU.
        pooled: Which of the convolutions are followed by a pooling.
        kernels: Their sizes.
    """

    input_shape: tuple[int, int, int]
    filters: tuple[int, ...]
    pooled: tuple[bool, ...]
    kernels: tuple[int, ...]


_SMALL = FullyConvolutional((28, 28, 1), (8, 16), (True, True), (5, 5))
_MEDIUM = FullyConvolutional((32, 32, 3), (32, 64, 128), (True, True, False), (3, 3, 3))
_LARGE = FullyConvolutional(
    (224, 224, 3), (8, 32, 64, 128, 128), (True, True, False, True, False), (5, 5, 3, 3, 3)
)
ARCHITECTURES = {
    "digits": FullyConvolutional((8, 8, 1), (16, 32), (True, False), (3, 3)),
    "mnist": _SMALL,
    "fashion_mnist": _SMALL,
    "cifar10": _MEDIUM,
    "gtsrb": _MEDIUM,
    "mvtec": _LARGE,
}
"""Architectures by data set: the paper's for 28, 32 and 224 pixels; the one for the digits is
ours, and so is the use of that for 32 pixels for traffic signs."""

Shape = tuple[int, int, int]


def fcdd(dataset: str | Shape, *, use_bias: bool = True, seed: int | None = None) -> keras.Model:
    """Fully convolutional network from images to maps of one channel.

    Blocks of convolution, BatchNorm, leaky ReLU and pooling, then a convolution of 1x1 to one
    channel. Only poolings make the map smaller: 28 pixels give a map of 7x7.

    Args:
        dataset: `"mnist"`, `"fashion_mnist"`, `"cifar10"`, `"gtsrb"`, `"mvtec"` (224 pixels) or
            `"digits"`; or the shape `(height, width, channels)` of other images, for the
            architecture of CIFAR-10, or that of 224 pixels from 128 pixels on.
        use_bias: Whether layers have biases and BatchNorm has trainable parameters. The
            outliers that FCDD is trained with rule out the trivial solution of Deep SVDD.
        seed: Seed of the initial weights.

    Returns:
        Model from images `(batch, height, width, channels)` to maps `(batch, u, v, 1)`.

    Raises:
        ValueError: If the data set is unknown or the images are smaller than 8 pixels.
    """
    net = _architecture(dataset)
    make = LayerFactory(use_bias=use_bias, initializer="xavier", seed=seed)
    parts: list[layers.Layer] = []
    last = len(net.filters) - 1
    for number, (filters, is_pooled) in enumerate(zip(net.filters, net.pooled, strict=True)):
        parts += [make.convolution(filters, net.kernels[number])]
        if number < last:
            parts += [make.norm(), make.leaky()]
        if is_pooled:
            parts += [_pooling(net)]
    parts += [make.convolution(1, 1)]
    name = dataset if isinstance(dataset, str) else "x".join(map(str, dataset))
    return sequential(net.input_shape, parts, f"{name}_fcdd")


def usual_fcdd(shape: Shape, *, seed: int | None = None) -> keras.Model:
    """The network for images of a shape: that of the data set whose images have it, if any."""
    named = {ARCHITECTURES[name].input_shape: name for name in ("digits", "mnist")}
    return fcdd(named.get(tuple(shape), shape), seed=seed)


def _pooling(net: FullyConvolutional) -> layers.Layer:
    # As in the paper: overlapping windows in the network for large images.
    return (
        layers.MaxPooling2D(3, 2, padding="same")
        if len(net.filters) > 3
        else (layers.MaxPooling2D())
    )


def _architecture(dataset: str | Shape) -> FullyConvolutional:
    if isinstance(dataset, str):
        return ARCHITECTURES[check_choice("dataset", dataset, ARCHITECTURES)]
    shape = tuple(dataset)
    if len(shape) != 3 or min(shape[:2]) < 8 or shape[2] < 1:
        raise ValueError(
            "`dataset` must be a name or a shape (height, width, channels) of at least 8 pixels. "
            f"Received: dataset={dataset!r}"
        )
    return (_LARGE if min(shape[:2]) >= 128 else _MEDIUM)._replace(input_shape=shape)
