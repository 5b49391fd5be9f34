"""What ResNet and wide ResNet have in common: convolutions, BatchNorm, checked shapes."""

from __future__ import annotations

from numbers import Integral
from typing import Any

from keras import layers

from kerasocc.networks.blocks import Blocks
from kerasocc.networks.normalization import GlobalBatchNormalization


class ResidualParts:
    """Makes the layers of one network, each under the name of its place.

    Args:
        use_bias: Whether BatchNorm has a trainable offset and scale. Convolutions never
            have a bias.
        seed: Seed of the initial weights, He's; None leaves it to Keras.
    """

    def __init__(self, use_bias: bool, seed: int | None):
        self._use_bias = use_bias
        self._blocks = Blocks(initializer="he", seed=seed)

    def convolution(self, x: Any, filters: int, size: int, name: str, *, strides: int = 1) -> Any:
        """Convolution that pads all sides alike, whatever the stride."""
        if strides > 1 and size > 1:
            # Keras's own padding would be lopsided where the image has even sides.
            x = layers.ZeroPadding2D(size // 2, name=f"{name}_padding")(x)
        return layers.Conv2D(
            filters,
            size,
            strides=strides,
            padding="same" if strides == 1 else "valid",
            use_bias=False,
            kernel_initializer=self._blocks.kernel_initializer(),
            name=name,
        )(x)

    def norm(self, x: Any, name: str) -> Any:
        """BatchNorm with the statistics of all replicas."""
        return GlobalBatchNormalization(
            momentum=0.9, epsilon=1e-5, center=self._use_bias, scale=self._use_bias, name=name
        )(x)


def check_image_shape(shape: Any, smallest_side: int) -> tuple[int, int, int]:
    """Return `input_shape` if it is that of images that are large enough.

    Args:
        shape: What the caller passed.
        smallest_side: Smallest height and width.
    """
    sizes = tuple(shape) if isinstance(shape, (tuple, list)) else ()
    whole = all(isinstance(size, Integral) and not isinstance(size, bool) for size in sizes)
    if len(sizes) != 3 or not whole or min(sizes[:2]) < smallest_side or sizes[2] < 1:
        raise ValueError(
            "`input_shape` must be (height, width, channels), integers, with sides of at least "
            f"{smallest_side}. Received: input_shape={shape!r}"
        )
    return sizes
