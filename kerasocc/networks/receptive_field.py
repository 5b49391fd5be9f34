"""Receptive fields of convolutional networks, and Gaussians that spread a map over its image."""

from __future__ import annotations

from typing import NamedTuple

import keras
import numpy as np
from keras import layers

_WINDOWS = (
    layers.Conv2D,
    layers.DepthwiseConv2D,
    layers.SeparableConv2D,
    layers.MaxPooling2D,
    layers.AveragePooling2D,
)
_POINTWISE = (
    layers.InputLayer,
    layers.Activation,
    layers.ReLU,
    layers.LeakyReLU,
    layers.PReLU,
    layers.ELU,
    layers.BatchNormalization,
    layers.Dropout,
    layers.SpatialDropout2D,
    layers.Rescaling,
)


class ReceptiveField(NamedTuple):
    """What the cells of a map see of their image, along one axis.

    Cell `j` sees the pixels from `first + j * stride` on, `size` of them; some of the cells at
    the border see pixels of the padding.
    """

    size: int = 1
    stride: int = 1
    first: int = 0


def receptive_fields(
    network: keras.Model, shape: tuple[int, ...]
) -> tuple[ReceptiveField, ReceptiveField] | None:
    """The receptive fields of a chain of convolutions and poolings.

    Args:
        network: Model from images to maps.
        shape: Of an image, `(height, width, channels)`.

    Returns:
        For height and width; None for a network with other layers, branches among them.
    """
    chain = _chain(network)
    if chain is None:
        return None
    return tuple(_along(chain, axis, shape[axis]) for axis in (0, 1))


def even_field(size: int, cells: int, pixels: int) -> ReceptiveField:
    """Receptive fields of a size whose centers are spread evenly over an axis.

    Args:
        size: Pixels that a cell sees.
        cells: Of the map.
        pixels: Of the image.
    """
    stride = max(pixels // cells, 1)
    return ReceptiveField(size, stride, (pixels - (cells - 1) * stride - size) // 2)


def default_width(size: int) -> float:
    """Standard deviation of the Gaussian for a receptive field: an eighth of it."""
    return size / 8


def spreading(field: ReceptiveField, cells: int, pixels: int, width: float) -> np.ndarray:
    """Matrix that spreads the cells of a map over the pixels of its image, along one axis.

    Spreading both axes is a transposed convolution with a Gaussian kernel of the size of the
    receptive field and the stride of the network. What the kernel would spread beyond the image
    is left to the pixels within it: every column adds up to 1.

    Args:
        field: What the cells see.
        cells: Of the map.
        pixels: Of the image.
        width: Standard deviation of the Gaussian, in pixels.

    Returns:
        Shape `(pixels, cells)`, float32.
    """
    first = field.first + field.stride * np.arange(cells)
    center = first + (field.size - 1) / 2
    distance = np.arange(pixels)[:, None] - center
    kernel = np.exp(-0.5 * (distance / width) ** 2)
    kernel[np.abs(distance) > (field.size - 1) / 2] = 0.0
    total = kernel.sum(axis=0)
    return (kernel / np.where(total > 0, total, 1.0)).astype("float32")


def _chain(network: keras.Model) -> list[keras.layers.Layer] | None:
    chain: list[keras.layers.Layer] = []
    for layer in getattr(network, "layers", None) or [None]:
        if isinstance(layer, keras.Model):
            inner = _chain(layer)
            if inner is None:
                return None
            chain += inner
        elif isinstance(layer, (*_WINDOWS, layers.ZeroPadding2D)):
            chain.append(layer)
        elif not isinstance(layer, _POINTWISE):
            return None
    return chain


def _along(chain: list[keras.layers.Layer], axis: int, pixels: int) -> ReceptiveField:
    size, stride, first = ReceptiveField()
    for layer in chain:
        if isinstance(layer, layers.ZeroPadding2D):
            before, after = layer.padding[axis]
            first -= before * stride
            pixels += before + after
            continue
        window, step = _window_of(layer, axis)
        before, pixels = _padding_before(layer.padding, window, step, pixels)
        first -= before * stride
        size += (window - 1) * stride
        stride *= step
    return ReceptiveField(size, stride, first)


def _window_of(layer: keras.layers.Layer, axis: int) -> tuple[int, int]:
    """Extent and step of the window of a convolution or a pooling."""
    if hasattr(layer, "pool_size"):
        return layer.pool_size[axis], layer.strides[axis]
    dilation = layer.dilation_rate[axis] if isinstance(layer.dilation_rate, tuple) else 1
    strides = layer.strides if isinstance(layer.strides, tuple) else (layer.strides,) * 2
    return (layer.kernel_size[axis] - 1) * dilation + 1, strides[axis]


def _padding_before(padding: str, window: int, step: int, pixels: int) -> tuple[int, int]:
    """Pixels of padding in front of the first one, and the number of outputs."""
    if padding == "valid":
        return 0, (pixels - window) // step + 1
    outputs = -(-pixels // step)
    return max((outputs - 1) * step + window - pixels, 0) // 2, outputs
