"""Encoder and decoder of a run: by the name of the data set, else by the shape of a sample."""

from __future__ import annotations

from typing import Any

import keras

from kerasocc.experiments.config import TrainConfig
from kerasocc.experiments.config.data_defaults import default_hidden
from kerasocc.experiments.runs.augmentation import check_augmentation
from kerasocc.experiments.runs.own_encoder import find_function, make_own_encoder
from kerasocc.networks import lenet, lenet_decoder, mlp, mlp_decoder, resnet18, wide_resnet
from kerasocc.networks.lenet import ARCHITECTURES, Shape, lenet_for
from kerasocc.networks.weights_file import WeightsFile


def make_networks(
    config: TrainConfig, shape: tuple[int, ...], samples: int
) -> tuple[keras.Model, keras.Model | None]:
    """Encoder and decoder for samples of a shape; LeNets and MLPs alone have a decoder.

    Args:
        config: Names the data set, the network and its options, and the seed.
        shape: Of one sample.
        samples: Number of training samples.

    Raises:
        ValueError: If there is no network for samples of this shape, or the file of
            weights does not fit.
        FileNotFoundError: If there is no such file.
    """
    network = choose_network(config, shape)
    if config.encoder is not None:
        return make_own_encoder(config.encoder, shape, config.weights), None
    if network is None:
        return config.definition.encoder(config, shape, samples), None
    options: dict[str, Any] = dict(use_bias=config.use_bias, seed=config.seed)
    if network == "resnet18":
        pooling = None if config.pooling == "none" else config.pooling
        return resnet18(shape, pooling=pooling, weights=config.weights, **options), None
    if network == "wide-resnet":
        return wide_resnet(shape, **options), None
    if isinstance(network, list):
        # A sigmoid reaches the values of columns in [0, 1] alone.
        output = "sigmoid" if config.preprocessing in (None, "min-max") else None
        options["use_batch_norm"] = config.batch_norm
        return mlp(network, **options), mlp_decoder(network, activation=output, **options)
    options["code"] = config.code
    return lenet(network, **options), lenet_decoder(network, **options)


def check_network(config: TrainConfig, shape: tuple[int, ...]) -> None:
    """Find out, before anything is made, whether there will be a network and a model.

    Raises:
        ValueError: If there is no network for samples of this shape, the method cannot
            be trained on them, or the file of weights cannot be read.
        FileNotFoundError: If there is no such file.
    """
    if config.definition.members is not None:
        # Its members suit the samples.
        return
    choose_network(config, shape)
    if config.encoder is not None:
        find_function(config.encoder)
    elif config.weights is not None:
        WeightsFile(config.weights)


def choose_network(config: TrainConfig, shape: tuple[int, ...]) -> list[int] | str | Shape | None:
    """What `make_networks` will make.

    Returns:
        Widths of an MLP, what `lenet` takes, the name of another network, or None for
        the encoder that the user or the method has of its own.

    Raises:
        ValueError: If there is no network for samples of this shape, or the method cannot
            be trained on them.
    """
    if config.hidden == ():
        raise ValueError("`hidden` must hold at least one width. Received: hidden=()")
    config.definition.check_shape(config, shape)
    check_augmentation(config, shape)
    if config.definition.has_own_encoder(config) or config.encoder is not None:
        return None
    if len(shape) == 1:
        if config.code is not None:
            raise ValueError(
                "`code` must be left out: the samples are no images, for which `hidden` has the "
                f"dimension of the embedding. Received: code={config.code}"
            )
        if config.network is not None:
            raise ValueError(
                "`network` must be left out: the samples are no images. Received: "
                f"network={config.network!r}"
            )
        is_published = config.protocol is not None
        usual = default_hidden(config.dataset, shape[0], is_published=is_published)
        return [*shape, *(config.hidden or usual)]
    if config.hidden is not None:
        raise ValueError(
            f"`hidden` must be left out: the samples are images. Received: hidden={config.hidden}"
        )
    if not config.batch_norm:
        raise ValueError(
            "`batch_norm` must be left out: the samples are images. Received: batch_norm=False"
        )
    return config.network or default_lenet(config.dataset, shape)


def default_lenet(dataset: str, shape: tuple[int, ...]) -> str | Shape:
    """What to give to `networks.lenet` for images of a shape.

    Raises:
        ValueError: If no LeNet takes images of this size.
    """
    if dataset in ARCHITECTURES and ARCHITECTURES[dataset].input_shape == shape:
        return dataset
    found = lenet_for(shape)
    if found is None:
        raise ValueError(
            "`image_size` must bring the images to a height and a width that are multiples of 8 "
            f"from 16 on, 32 for instance. Received: samples of shape {shape}"
        )
    return found
