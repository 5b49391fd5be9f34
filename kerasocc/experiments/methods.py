"""The model of a run, and the callbacks that its settings ask for."""

from __future__ import annotations

from typing import Any

import keras

from kerasocc.callbacks.base import StateCallback
from kerasocc.callbacks.radius import RadiusUpdate
from kerasocc.callbacks.weighting import AdaptiveWeighting
from kerasocc.experiments.config import TrainConfig
from kerasocc.models.deep_sad import DeepSAD
from kerasocc.models.deep_svdd import DeepSVDD
from kerasocc.models.hypersphere import HypersphereModel
from kerasocc.regularizers import NoiseRegularizer, VarianceRegularizer
from kerasocc.regularizers.base import Regularizer


def make_model(
    config: TrainConfig, encoder: keras.Model, preprocessing: keras.layers.Layer
) -> HypersphereModel:
    """The model that a run trains after the pretraining.

    Args:
        config: Names the method and its settings.
        encoder: Pretrained or not.
        preprocessing: Adapted layer.
    """
    common: dict[str, Any] = dict(
        regularizer=_regularizer(config),
        preprocessing=preprocessing,
        weight_decay=config.weight_decay,
        seed=config.seed,
    )
    if config.method == "deep-sad":
        return DeepSAD(encoder, eta=config.eta, **common)
    return DeepSVDD(encoder, objective=config.objective, nu=config.nu, **common)


def make_callbacks(config: TrainConfig) -> list[StateCallback]:
    """Callbacks in place of the model's default ones."""
    callbacks: list[StateCallback] = []
    if config.objective == "soft-boundary":
        callbacks.append(RadiusUpdate(update=config.radius_update))
    if config.regularizer_weight is not None:
        callbacks.append(AdaptiveWeighting(fixed=config.regularizer_weight))
    return callbacks


def _regularizer(config: TrainConfig) -> Regularizer | None:
    if config.regularizer == "noise":
        # Ten times the encoder's rate, as in the paper.
        head = keras.optimizers.Adam(10 * config.learning_rate)
        return NoiseRegularizer(head_optimizer=head, seed=config.seed)
    return VarianceRegularizer() if config.regularizer == "variance" else None
