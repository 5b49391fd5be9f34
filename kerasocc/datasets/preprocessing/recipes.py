"""Preprocessing of the published methods, adapted on training samples."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from kerasocc.datasets.preprocessing.layers import (
    GlobalContrastNormalization,
    MinMaxScaling,
    Preprocessing,
)
from kerasocc.datasets.preprocessing.quantiles import QuantileScaling, RobustScaling
from kerasocc.datasets.preprocessing.standardization import Standardization


def contrast_min_max(x: Any) -> Preprocessing:
    """Make the image preprocessing of Deep SVDD: contrast normalisation, then [0, 1].

    Args:
        x: Training images, array or `Rows` of shape `(samples, height, width, channels)`.
    """
    return Preprocessing([GlobalContrastNormalization(), MinMaxScaling()]).adapt(x)


def unit_range(x: Any) -> keras.layers.Layer:
    """Make the image preprocessing of Deep SAD: scaling to [0, 1].

    8-bit images are divided by 255; others are scaled by the smallest and the largest
    value of the training images.

    Args:
        x: Training images, array or `Rows` of shape `(samples, height, width, channels)`.
    """
    if np.dtype(x.dtype) == np.uint8:
        layer = keras.layers.Rescaling(1 / 255, dtype="float32")
        layer.build((None, *x.shape[1:]))
        return layer
    layer = MinMaxScaling()
    layer.adapt(x)
    return layer


def imagenet(x: Any) -> Preprocessing:
    """Make the preprocessing of ImageNet weights: [0, 1], then ImageNet's mean and deviation.

    Args:
        x: Training images, array or `Rows` of shape `(samples, height, width, 3)`.

    Raises:
        ValueError: If they do not have three channels.
    """
    if x.shape[-1] != 3:
        raise ValueError(
            "`preprocessing='imagenet'` needs images of three channels. Received: images of shape "
            f"{tuple(x.shape[1:])}"
        )
    mean, deviation = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
    centered = keras.layers.Rescaling(
        scale=[1 / d for d in deviation],
        offset=[-m / d for m, d in zip(mean, deviation, strict=True)],
        dtype="float32",
    )
    layer = Preprocessing([unit_range(x), centered])
    layer.build((None, *x.shape[1:]))
    layer.built = True
    return layer


IMAGE_PREPROCESSINGS = {"contrast": contrast_min_max, "unit": unit_range, "imagenet": imagenet}
"""Functions that make the layer for images, by the values of `preprocessing`."""


def min_max(x: Any) -> MinMaxScaling:
    """Make the table preprocessing of Deep SAD: every column scaled to [0, 1].

    The reference standardises to zero mean and unit variance first. Both steps are
    linear per column, so the result is the same without the first; a constant column
    becomes 0.

    Args:
        x: Training rows, array or `Rows` of shape `(samples, features)`.
    """
    return _adapted(MinMaxScaling(per_feature=True), x)


def standardize(x: Any) -> Standardization:
    """Make the table preprocessing of GOAD, NeuTraL AD and LOE: mean 0, deviation 1 per column.

    Args:
        x: Training rows, array or `Rows` of shape `(samples, columns)`.
    """
    return _adapted(Standardization(), x)


def robust(x: Any) -> RobustScaling:
    """Make a table preprocessing that extreme values do not change.

    Args:
        x: Training rows, array or `Rows` of shape `(samples, columns)`.
    """
    return _adapted(RobustScaling(), x)


def quantile(x: Any) -> QuantileScaling:
    """Make a table preprocessing after which every column is normally distributed.

    Args:
        x: Training rows, array or `Rows` of shape `(samples, columns)`.
    """
    return _adapted(QuantileScaling(), x)


def _adapted(layer: Any, x: Any) -> Any:
    layer.adapt(x)
    return layer


TABLE_PREPROCESSINGS = {
    "min-max": min_max,
    "standard": standardize,
    "robust": robust,
    "quantile": quantile,
}
"""Functions that make the layer for tables, by the values of `preprocessing`."""
