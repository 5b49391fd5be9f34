"""The model of a run, and the callbacks that its settings ask for."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import keras
import numpy as np

from kerasocc.callbacks.base import StateCallback
from kerasocc.callbacks.latent_labels import LatentLabels
from kerasocc.callbacks.noise_update import NoiseUpdate
from kerasocc.callbacks.quantile import QuantileUpdate
from kerasocc.callbacks.radius import RadiusUpdate
from kerasocc.callbacks.weighting import AdaptiveWeighting
from kerasocc.experiments.architectures import shift_for
from kerasocc.experiments.config import TrainConfig
from kerasocc.experiments.config_checks import SELF_SUPERVISED
from kerasocc.models.autoencoder import Autoencoder
from kerasocc.models.base import OneClassModel
from kerasocc.models.deep_sad import DeepSAD
from kerasocc.models.deep_svdd import DeepSVDD
from kerasocc.models.icl import ICL
from kerasocc.models.multi_head_rotnet import MultiHeadRotNet
from kerasocc.models.neutral_ad import NeuTraLAD
from kerasocc.models.oc_nn import OCNN
from kerasocc.models.robust_autoencoder import RobustAutoencoder
from kerasocc.regularizers import NoiseRegularizer, VarianceRegularizer
from kerasocc.regularizers.base import Regularizer


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
    common: dict[str, Any] = dict(preprocessing=preprocessing, seed=config.seed)
    if config.method == "robust-autoencoder":
        own = {name: getattr(config, name) for name in ("lam", "norm", "groups", "encode")}
        return RobustAutoencoder(encoder, decoder, mu=config.weight_decay, **own, **common)
    common["weight_decay"] = config.weight_decay
    if config.method == "autoencoder":
        return Autoencoder(encoder, decoder, **common)
    if config.method == "oc-nn":
        names = ("nu", "units", "activation", "normalize", "train_encoder")
        own = {name: getattr(config, name) for name in names}
        return OCNN(encoder, **own, **common)
    if config.method in SELF_SUPERVISED:
        return _self_supervised(config, encoder, common)
    common["regularizer"] = _regularizer(config)
    if config.method == "deep-sad":
        return DeepSAD(encoder, eta=config.eta, **common)
    return DeepSVDD(encoder, objective=config.objective, nu=config.nu, **common)


def _self_supervised(
    config: TrainConfig, encoder: keras.Model, common: dict[str, Any]
) -> OneClassModel:
    if config.method == "multi-head-rotnet":
        shift = shift_for(config, tuple(encoder.input_shape[1:]))
        return MultiHeadRotNet(encoder, shift=shift, **common)
    common["temperature"] = config.temperature
    if config.method == "icl":
        return ICL(encoder, **common)
    own = {name: getattr(config, name) for name in ("num_transforms", "transform")}
    return NeuTraLAD(encoder, **own, **common)


def make_head(config: TrainConfig, encoder: keras.Model, preprocessing: keras.layers.Layer) -> OCNN:
    """OC-NN on the frozen encoder, which the training of both starts from."""
    frozen = dataclasses.replace(
        config,
        train_encoder=False,
        head_epochs=0,
        weight_decay=0.0,
        # As the model that trains the encoder has it.
        normalize=True if config.normalize is None else config.normalize,
    )
    return make_model(frozen, encoder, None, preprocessing)


def make_callbacks(config: TrainConfig, backup: Path) -> list[StateCallback]:
    """Callbacks in place of the model's default ones.

    Args:
        config: The settings.
        backup: Folder of what an interrupted run needs.
    """
    callbacks: list[StateCallback] = []
    if config.objective == "soft-boundary":
        callbacks.append(RadiusUpdate(update=config.radius_update))
    if config.method == "oc-nn":
        callbacks.append(QuantileUpdate(update=config.quantile_update))
    if config.regularizer_weight is not None:
        callbacks.append(AdaptiveWeighting(fixed=config.regularizer_weight))
    if config.method == "robust-autoencoder":
        callbacks.append(NoiseUpdate(every=config.noise_every, folder=backup))
    return callbacks


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


def _regularizer(config: TrainConfig) -> Regularizer | None:
    if config.regularizer == "noise":
        # Ten times the encoder's rate, as in the paper.
        head = keras.optimizers.Adam(10 * config.learning_rate)
        return NoiseRegularizer(head_optimizer=head, seed=config.seed)
    return VarianceRegularizer() if config.regularizer == "variance" else None
