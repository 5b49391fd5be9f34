"""ResNet-18 as an encoder, with the weights of torchvision if the user has them."""

from __future__ import annotations

import logging
import os
import re
from typing import Any

import keras
from keras import layers

from kerasocc.checks import check_choice
from kerasocc.networks.pretrained import SUFFIX_LIST, WeightsFile
from kerasocc.networks.residual import ResidualParts, check_image_shape

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
    inputs = keras.Input(check_image_shape(input_shape, SMALLEST_SIDE))
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


class _Parts(ResidualParts):
    """The stem and the blocks of ResNet-18."""

    def stem(self, x: Any) -> Any:
        """The layers before the first stage: a quarter of height and width remain."""
        x = self.convolution(x, STAGES[0], 7, "stem_conv", strides=2)
        x = layers.ReLU(name="stem_relu")(self.norm(x, "stem_norm"))
        # After ReLU a border of zeros never exceeds what it borders on.
        x = layers.ZeroPadding2D(1, name="stem_pool_padding")(x)
        return layers.MaxPooling2D(3, strides=2, name="stem_pool")(x)

    def block(self, x: Any, filters: int, name: str, *, strides: int = 1) -> Any:
        """Two convolutions, and a shortcut around them."""
        shortcut = x
        if strides > 1:
            shortcut = self.convolution(x, filters, 1, f"{name}_projection", strides=strides)
            shortcut = self.norm(shortcut, f"{name}_projection_norm")
        x = self.convolution(x, filters, 3, f"{name}_conv1", strides=strides)
        x = layers.ReLU(name=f"{name}_relu1")(self.norm(x, f"{name}_norm1"))
        x = self.norm(self.convolution(x, filters, 3, f"{name}_conv2"), f"{name}_norm2")
        return layers.ReLU(name=f"{name}_relu2")(layers.Add(name=f"{name}_add")([x, shortcut]))


def _pool(x: Any, pooling: str | None) -> Any:
    if pooling is None:
        return layers.Flatten(name="flatten")(x)
    pool = layers.GlobalAveragePooling2D if pooling == "avg" else layers.GlobalMaxPooling2D
    return pool(name=f"{pooling}_pool")(x)
