"""Layers of residual networks, shared by ResNet and wide ResNet."""

from __future__ import annotations

from numbers import Integral
from typing import Any

from keras import layers

from kerasocc.networks.layer_factory import LayerFactory
from kerasocc.networks.normalization import GlobalBatchNormalization


class ResidualLayerFactory:
    """Creates the named layers of one residual network.

    Args:
        use_bias: Whether BatchNorm has a trainable offset and scale. Convolutions never
            have a bias.
        seed: Seed of the initial weights (He initialization); None leaves it to Keras.
    """

    def __init__(self, use_bias: bool, seed: int | None):
        self._use_bias = use_bias
        self._layers = LayerFactory(initializer="he", seed=seed)

    def convolution(self, x: Any, filters: int, size: int, name: str, *, strides: int = 1) -> Any:
        """Convolution with the same padding on all sides for any stride."""
        if strides > 1 and size > 1:
            # With strides, `same` padding in Keras is asymmetric for images with even sides.
            x = layers.ZeroPadding2D(size // 2, name=f"{name}_padding")(x)
        return layers.Conv2D(
            filters,
            size,
            strides=strides,
            padding="same" if strides == 1 else "valid",
            use_bias=False,
            kernel_initializer=self._layers.kernel_initializer(),
            name=name,
        )(x)

    def norm(self, x: Any, name: str) -> Any:
        """BatchNorm with the statistics of the global batch."""
        return GlobalBatchNormalization(
            momentum=0.9, epsilon=1e-5, center=self._use_bias, scale=self._use_bias, name=name
        )(x)


def check_image_shape(shape: Any, smallest_side: int) -> tuple[int, int, int]:
    """Return `input_shape` if it is the shape of large enough images.

    Args:
        shape: Value of the argument.
        smallest_side: Smallest height and width allowed.
    """
    sizes = tuple(shape) if isinstance(shape, (tuple, list)) else ()
    whole = all(isinstance(size, Integral) and not isinstance(size, bool) for size in sizes)
    if len(sizes) != 3 or not whole or min(sizes[:2]) < smallest_side or sizes[2] < 1:
        raise ValueError(
            "`input_shape` must be (height, width, channels), integers, with sides of at least "
            f"{smallest_side}. Received: input_shape={shape!r}"
        )
    return sizes
