"""ResNet-18 as an encoder, with the weights of torchvision if the user has them."""

from __future__ import annotations

import logging
import os
import re
from numbers import Integral
from typing import Any

import keras
from keras import layers

from kerasocc.checks import check_choice
from kerasocc.networks.blocks import Blocks
from kerasocc.networks.normalization import GlobalBatchNormalization
from kerasocc.networks.pretrained import SUFFIX_LIST, WeightsFile

STAGES = (64, 128, 256, 512)
"""Filters of the four stages, each of two blocks."""
SMALLEST_SIDE = 32
"""What the five halvings bring down to one cell."""
TORCH_STEM = {"stem_conv": "conv1", "stem_norm": "bn1"}
TORCH_BLOCK = {
    "conv1": "conv1",
    "norm1": "bn1",
    "conv2": "conv2",
    "norm2": "bn2",
    "projection": "downsample.0",
    "projection_norm": "downsample.1",
}
"""Names of torchvision for our layers, in the stem and in a block."""

logger = logging.getLogger("kerasocc")


def resnet18(
    input_shape: tuple[int, int, int] = (224, 224, 3),
    *,
    use_bias: bool = False,
    pooling: str | None = "avg",
    weights: str | os.PathLike | None = None,
    seed: int | None = None,
) -> keras.Model:
    """ResNet-18 without its classification layer.

    With the same weights it computes what `resnet18` of torchvision computes
    before `fc`. Weights of torchvision expect RGB images scaled to [0, 1], less
    the means (0.485, 0.456, 0.406), divided by (0.229, 0.224, 0.225).

    Args:
        input_shape: `(height, width, channels)` of the images, sides from 32 on.
        use_bias: Whether BatchNorm has a trainable offset and scale, which
            Deep SVDD forbids without an anti-collapse regularizer. They are the only
            biases of a ResNet: its convolutions never have one.
        pooling: How the last feature map becomes the embedding: `"avg"`, the mean over
            all places, as in ResNet; `"max"`, the maximum, as in Chong et al.; None,
            no pooling, the map is flattened.
        weights: File of initial weights: `.weights.h5`, saved from this network by Keras;
            or `.pth`, `.pt` (these two need torch), `.safetensors` (needs
            safetensors) or `.npz` with arrays named as in torchvision. Those of `fc` are
            ignored; with `use_bias=False` so are scales and offsets of BatchNorm.
            None draws random weights.
        seed: Seed of random weights.

    Returns:
        Model from images `(batch, height, width, channels)` to embeddings
        `(batch, 512)`; without pooling `(batch, rows * columns * 512)`, where rows and
        columns are height and width divided by 32, rounded up.

    Raises:
        ValueError: For a shape or a pooling that is none, or a file that does not hold
            the weights of this network.
        FileNotFoundError: If there is no such file.

    Example:
        ```python
        encoder = kocc.networks.resnet18((64, 64, 3), pooling="max", weights="resnet18.pth")
        model = kocc.DeepSVDD(encoder)
        ```

    Reference:
        He et al., Deep Residual Learning for Image Recognition, CVPR 2016, table 1.
        Chong et al., Simple and Effective Prevention of Mode Collapse in Deep
        One-Class Classification, IJCNN 2020, for `pooling="max"`.
    """
    inputs = keras.Input(_check_shape(input_shape))
    check_choice("pooling", pooling, ["avg", "max", None])
    file = None if weights is None else WeightsFile(weights)
    make = _Parts(use_bias, seed)
    x = make.stem(inputs)
    for stage, filters in enumerate(STAGES, start=1):
        x = make.block(x, filters, f"stage{stage}_block1", strides=1 if stage == 1 else 2)
        x = make.block(x, filters, f"stage{stage}_block2")
    model = keras.Model(inputs, _pool(x, pooling), name="resnet18")
    if file is None:
        logger.warning(
            "resnet18 starts from random weights because no `weights` file is given. It can be "
            "%s: torchvision's state dict, or weights of this network saved by Keras.",
            SUFFIX_LIST,
        )
    else:
        file.load_into(model, torch_layer)
    return model


def torch_layer(name: str) -> str:
    """Name of torchvision for a layer: `layer2.0.conv1` for `stage2_block1_conv1`."""
    place = re.fullmatch(r"stage(\d)_block(\d)_(\w+)", name)
    if place is None:
        return TORCH_STEM[name]
    stage, block, part = place.groups()
    return f"layer{stage}.{int(block) - 1}.{TORCH_BLOCK[part]}"


class _Parts:
    """Makes the parts of one network, each under the name of its place."""

    def __init__(self, use_bias: bool, seed: int | None):
        self._use_bias = use_bias
        self._blocks = Blocks(initializer="he", seed=seed)

    def stem(self, x: Any) -> Any:
        """The layers before the first stage: a quarter of height and width remain."""
        x = self._convolution(x, STAGES[0], 7, "stem_conv", strides=2)
        x = layers.ReLU(name="stem_relu")(self._norm(x, "stem_norm"))
        # After ReLU a border of zeros never exceeds what it borders on.
        x = layers.ZeroPadding2D(1, name="stem_pool_padding")(x)
        return layers.MaxPooling2D(3, strides=2, name="stem_pool")(x)

    def block(self, x: Any, filters: int, name: str, *, strides: int = 1) -> Any:
        """Two convolutions, and a shortcut around them."""
        shortcut = x
        if strides > 1:
            shortcut = self._convolution(x, filters, 1, f"{name}_projection", strides=strides)
            shortcut = self._norm(shortcut, f"{name}_projection_norm")
        x = self._convolution(x, filters, 3, f"{name}_conv1", strides=strides)
        x = layers.ReLU(name=f"{name}_relu1")(self._norm(x, f"{name}_norm1"))
        x = self._norm(self._convolution(x, filters, 3, f"{name}_conv2"), f"{name}_norm2")
        return layers.ReLU(name=f"{name}_relu2")(layers.Add(name=f"{name}_add")([x, shortcut]))

    def _convolution(self, x: Any, filters: int, size: int, name: str, *, strides: int = 1) -> Any:
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

    def _norm(self, x: Any, name: str) -> Any:
        return GlobalBatchNormalization(
            momentum=0.9, epsilon=1e-5, center=self._use_bias, scale=self._use_bias, name=name
        )(x)


def _pool(x: Any, pooling: str | None) -> Any:
    if pooling is None:
        return layers.Flatten(name="flatten")(x)
    pool = layers.GlobalAveragePooling2D if pooling == "avg" else layers.GlobalMaxPooling2D
    return pool(name=f"{pooling}_pool")(x)


def _check_shape(shape: Any) -> tuple[int, int, int]:
    sizes = tuple(shape) if isinstance(shape, (tuple, list)) else ()
    whole = all(isinstance(size, Integral) and not isinstance(size, bool) for size in sizes)
    if len(sizes) != 3 or not whole or min(sizes[:2]) < SMALLEST_SIDE or sizes[2] < 1:
        raise ValueError(
            "`input_shape` must be (height, width, channels), integers, with sides of at least "
            f"{SMALLEST_SIDE}. Received: input_shape={shape!r}"
        )
    return sizes
