"""Encoder and decoder of a run: by the name of the data set, else by the shape of a sample."""

from __future__ import annotations

from pathlib import Path

import keras

from kerasocc.experiments.config import TrainConfig
from kerasocc.experiments.defaults import HIDDEN
from kerasocc.networks import lenet, lenet_decoder, mlp, mlp_decoder
from kerasocc.networks.lenet import ARCHITECTURES, Shape

# Two networks of the papers take 28x28 images; this is the larger one.
_BY_SHAPE = {(8, 8, 1): "digits", (28, 28, 1): "fashion_mnist", (32, 32, 3): "cifar10"}


def make_networks(config: TrainConfig, shape: tuple[int, ...]) -> tuple[keras.Model, keras.Model]:
    """Encoder and decoder for samples of a shape.

    Args:
        config: Names the data set, the widths of an MLP and the seed.
        shape: Of one sample.

    Raises:
        ValueError: If there is no network for samples of this shape.
    """
    network = choose_network(config, shape)
    if isinstance(network, list):
        return mlp(network, seed=config.seed), mlp_decoder(network, seed=config.seed)
    return lenet(network, seed=config.seed), lenet_decoder(network, seed=config.seed)


def choose_network(config: TrainConfig, shape: tuple[int, ...]) -> list[int] | str | Shape:
    """What `make_networks` will make: the widths of an MLP, or what `lenet` takes.

    Raises:
        ValueError: If there is no network for samples of this shape.
    """
    if config.hidden == ():
        raise ValueError("`hidden` must hold at least one width. Received: hidden=()")
    if len(shape) == 1:
        return [*shape, *(config.hidden or default_hidden(config.dataset, shape[0]))]
    if config.hidden is not None:
        raise ValueError(
            f"`hidden` must be left out: the samples are images. Received: hidden={config.hidden}"
        )
    return default_lenet(config.dataset, shape)


def default_hidden(dataset: str, columns: int) -> tuple[int, ...]:
    """Widths of the encoder behind the input: those of Deep SAD, or by the number of columns."""
    name = Path(dataset).stem
    if name in HIDDEN:
        return HIDDEN[name]
    return (32, 16, 8) if columns < 64 else (128, 64, 32)


def default_lenet(dataset: str, shape: tuple[int, ...]) -> str | Shape:
    """What to give to `networks.lenet` for images of a shape.

    Raises:
        ValueError: If no LeNet takes images of this size.
    """
    if dataset in ARCHITECTURES and ARCHITECTURES[dataset].input_shape == shape:
        return dataset
    if shape in _BY_SHAPE:
        return _BY_SHAPE[shape]
    if len(shape) != 3 or any(side < 16 or side % 8 for side in shape[:2]):
        raise ValueError(
            "`image_size` must bring the images to a height and a width that are multiples of 8 "
            f"from 16 on, 32 for instance. Received: samples of shape {shape}"
        )
    return shape
