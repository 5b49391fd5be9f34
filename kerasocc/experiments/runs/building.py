"""The model of a run, and its callbacks, made from the settings."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import keras
import numpy as np

from kerasocc.callbacks import LatentLabels, StateCallback
from kerasocc.experiments.config import TrainConfig
from kerasocc.experiments.runs.augmentation import make_augmentation
from kerasocc.models.base import OneClassModel


def make_model(
    config: TrainConfig,
    encoder: keras.Model,
    decoder: keras.Model | None,
    preprocessing: keras.layers.Layer,
) -> OneClassModel:
    """The model that a run trains, after the pretraining if there is one.

    Args:
        config: Names the method and its settings.
        encoder: Pretrained or not.
        decoder: Its mirror; needed by the autoencoders alone.
        preprocessing: Adapted layer.
    """
    options: dict[str, Any] = dict(
        preprocessing=preprocessing,
        augmentation=make_augmentation(config),
        seed=config.seed,
        weight_decay=config.weight_decay,
    )
    return config.definition.build(config, encoder, decoder, options)


def make_head(
    config: TrainConfig, encoder: keras.Model, preprocessing: keras.layers.Layer
) -> OneClassModel | None:
    """The model of the phase in which the encoder is frozen; None without such a phase."""
    head = config.definition.head(config)
    if head is None:
        return None
    return make_model(dataclasses.replace(config, **head.settings), encoder, None, preprocessing)


def make_callbacks(config: TrainConfig, backup: Path) -> list[StateCallback]:
    """Callbacks in place of the model's default ones.

    Args:
        config: The settings.
        backup: Folder of what an interrupted run needs.
    """
    return config.definition.callbacks(config, backup)


def make_latent_labels(config: TrainConfig, truth: np.ndarray) -> LatentLabels | None:
    """The latent labels of the training, None without.

    Args:
        config: The settings.
        truth: The hidden truth of the training samples, 0 normal or 1 anomaly, shape
            `(samples,)`; used by `"known"` alone.
    """
    if config.latent is None:
        return None
    return LatentLabels(
        mode=config.latent,
        contamination=config.assumed_contamination,
        refresh=config.latent_refresh,
        warmup=config.latent_warmup,
        truth=truth if config.latent == "known" else None,
    )
