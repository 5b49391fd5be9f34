"""Wide residual networks (Zagoruyko and Komodakis, BMVC 2016) as encoders."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers

from kerasocc.checks import check_fraction, check_integer
from kerasocc.networks.residual import ResidualLayerFactory, check_image_shape

STAGES = (16, 32, 64)
"""Filters of the three stages in a network of width 1; the first keeps height and width."""
SMALLEST_SIDE = 4
"""Smallest height and width: two layers of stride 2 reduce it to 1."""


def wide_resnet(
    input_shape: tuple[int, int, int] = (32, 32, 3),
    *,
    depth: int = 16,
    width: int = 4,
    dropout: float = 0.0,
    use_bias: bool = False,
    seed: int | None = None,
) -> keras.Model:
    """Wide ResNet without its classification layer, by default WRN-16-4.

    Args:
        input_shape: `(height, width, channels)` of the images, height and width at least 4.
        depth: Number of layers with weights on the longest path, counting the
            classification layer: `6 n + 4` for `n` blocks in each of the three stages.
        width: Widening factor `k`; the stages have `16 k`, `32 k` and `64 k` filters.
        dropout: Dropout rate between the convolutions of a block, in [0, 1).
        use_bias: Whether BatchNorm has a trainable offset and scale, as in the paper, which
            Deep SVDD forbids without an anti-collapse regularizer. They are the only
            biases: the convolutions never have one.
        seed: Seed of the initial weights and of the dropout.

    Returns:
        Model from images `(batch, height, width, channels)` to embeddings
        `(batch, 64 * width)`.

    Raises:
        ValueError: If the shape is not that of images or the depth is not `6 n + 4`.

    Example:
        >>> encoder = kerasocc.networks.wide_resnet((32, 32, 3), use_bias=True)
        >>> model = kerasocc.MultiHeadRotNet(encoder)

    Reference:
        Zagoruyko and Komodakis, Wide Residual Networks, BMVC 2016, table 1.
    """
    inputs = keras.Input(check_image_shape(input_shape, SMALLEST_SIDE))
    blocks = _blocks_per_stage(depth)
    check_integer("width", width, minimum=1)
    make = _WideResNetLayers(use_bias, seed, check_fraction("dropout", dropout, zero=True))
    x = make.convolution(inputs, STAGES[0], 3, "stem_conv")
    for stage, filters in enumerate(STAGES, start=1):
        for block in range(1, blocks + 1):
            strides = 2 if block == 1 and stage > 1 else 1
            x = make.block(x, width * filters, f"stage{stage}_block{block}", strides=strides)
    x = layers.GlobalAveragePooling2D(name="avg_pool")(make.activation(x, "last"))
    return keras.Model(inputs, x, name=f"wide_resnet_{depth}_{width}")


def _blocks_per_stage(depth: int) -> int:
    blocks, rest = divmod(check_integer("depth", depth, minimum=10) - 4, 6)
    if rest:
        raise ValueError(f"`depth` must be 6 n + 4: 10, 16, 22, 28, ... Received: depth={depth!r}")
    return blocks


class _WideResNetLayers(ResidualLayerFactory):
    """Creates the blocks of a wide ResNet, with BatchNorm and ReLU before the convolutions."""

    def __init__(self, use_bias: bool, seed: int | None, dropout: float):
        super().__init__(use_bias, seed)
        self._dropout = dropout

    def activation(self, x: Any, name: str) -> Any:
        """BatchNorm followed by ReLU."""
        return layers.ReLU(name=f"{name}_relu")(self.norm(x, f"{name}_norm"))

    def block(self, x: Any, filters: int, name: str, *, strides: int) -> Any:
        """Two convolutions with a shortcut around them."""
        shortcut, x = x, self.activation(x, f"{name}_1")
        if shortcut.shape[-1] != filters or strides > 1:
            shortcut = self.convolution(x, filters, 1, f"{name}_projection", strides=strides)
        x = self.convolution(x, filters, 3, f"{name}_conv1", strides=strides)
        x = self.activation(x, f"{name}_2")
        if self._dropout:
            x = layers.Dropout(
                self._dropout, seed=self._layers.next_seed(), name=f"{name}_dropout"
            )(x)
        x = self.convolution(x, filters, 3, f"{name}_conv2")
        return layers.Add(name=f"{name}_add")([x, shortcut])
