"""ResNet-18 as an encoder, with optional pretrained weights of torchvision."""

from __future__ import annotations

import logging
import os
import re
from typing import Any

import keras
from keras import layers

from kerasocc.checks import check_choice
from kerasocc.networks.residual import ResidualLayerFactory, check_image_shape
from kerasocc.networks.weights_file import WeightsFile
from kerasocc.networks.weights_readers import SUFFIX_LIST

STAGES = (64, 128, 256, 512)
"""Filters of the four stages, each of two blocks."""
SMALLEST_SIDE = 32
"""Smallest height and width: five layers of stride 2 reduce it to 1."""
TORCH_STEM = {"stem_conv": "conv1", "stem_norm": "bn1"}
TORCH_BLOCK = {
    "conv1": "conv1",
    "norm1": "bn1",
    "conv2": "conv2",
    "norm2": "bn2",
    "projection": "downsample.0",
    "projection_norm": "downsample.1",
}
"""Names of the layers in torchvision, in the stem and in a block."""

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

    With the same weights it computes the features of torchvision's `resnet18` before
    `fc`. Weights of torchvision expect RGB images scaled to [0, 1] and standardized with
    the means (0.485, 0.456, 0.406) and the standard deviations (0.229, 0.224, 0.225).

    Args:
        input_shape: `(height, width, channels)` of the images, height and width at least
            32.
        use_bias: Whether BatchNorm has a trainable offset and scale, which
            Deep SVDD forbids without an anti-collapse regularizer. They are the only
            biases of a ResNet: its convolutions never have one.
        pooling: How the last feature map is reduced to the embedding: `"avg"` for global
            average pooling, as in ResNet; `"max"` for global max pooling, as in Chong et
            al.; None to flatten it without pooling.
        weights: File of initial weights: `.weights.h5`, saved from this network by Keras;
            or `.pth`, `.pt` (both need torch), `.safetensors` (needs safetensors) or
            `.npz` with arrays named as in torchvision. Those of `fc` are ignored; with
            `use_bias=False` so are the scales and offsets of BatchNorm. None for random
            weights.
        seed: Seed of random weights.

    Returns:
        Model from images `(batch, height, width, channels)` to embeddings
        `(batch, 512)`; without pooling `(batch, rows * columns * 512)`, where rows and
        columns are height and width divided by 32, rounded up.

    Raises:
        ValueError: If the shape or the pooling is not supported, or if the file does not
            hold the weights of this network.
        FileNotFoundError: If the file does not exist.

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
    make = _ResNetLayers(use_bias, seed)
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
    """Name of a layer in torchvision: `layer2.0.conv1` for `stage2_block1_conv1`."""
    match = re.fullmatch(r"stage(\d)_block(\d)_(\w+)", name)
    if match is None:
        return TORCH_STEM[name]
    stage, block, part = match.groups()
    return f"layer{stage}.{int(block) - 1}.{TORCH_BLOCK[part]}"


class _ResNetLayers(ResidualLayerFactory):
    """Creates the stem and the blocks of ResNet-18."""

    def stem(self, x: Any) -> Any:
        """The layers before the first stage, which divide height and width by 4."""
        x = self.convolution(x, STAGES[0], 7, "stem_conv", strides=2)
        x = layers.ReLU(name="stem_relu")(self.norm(x, "stem_norm"))
        # After ReLU, zero padding cannot change a maximum.
        x = layers.ZeroPadding2D(1, name="stem_pool_padding")(x)
        return layers.MaxPooling2D(3, strides=2, name="stem_pool")(x)

    def block(self, x: Any, filters: int, name: str, *, strides: int = 1) -> Any:
        """Two convolutions with a shortcut around them."""
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
