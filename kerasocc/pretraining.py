"""Autoencoder pretraining of an encoder."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from kerasocc.models.autoencoder import Autoencoder
from kerasocc.networks.conditions import leaf_layers


def pretrain(
    encoder: keras.Model,
    decoder: keras.Model,
    x: Any,
    *,
    epochs: int,
    batch_size: int = 200,
    optimizer: Any = None,
    preprocessing: keras.layers.Layer | None = None,
    weight_decay: float = 0.0,
    callbacks: list[keras.callbacks.Callback] | None = None,
    seed: int | None = None,
    verbose: Any = "auto",
    **fit_arguments: Any,
) -> Autoencoder:
    """Train an autoencoder around `encoder`, which keeps its weights.

    The autoencoder trains the encoder object itself, so weights and BatchNorm
    statistics need no copying: hand the same object to `DeepSVDD` afterwards.

    Args:
        encoder: Keras model from inputs `(batch, ...)` to codes `(batch, d)`.
        decoder: Its mirror; it can be thrown away afterwards.
        x: Training samples, as for `fit`.
        epochs: Number of epochs.
        batch_size: Samples per step.
        optimizer: Keras optimizer; default Adam at 1e-4, as in the paper.
        preprocessing: Layer that the inputs pass first, the same as later.
        weight_decay: As in `OneClassModel`.
        callbacks: For `fit`, learning rate schedules for instance.
        seed: Seed of the order of the samples.
        verbose: As for `fit`.
        **fit_arguments: Anything else that `fit` takes.

    Returns:
        The fitted autoencoder.

    Raises:
        ValueError: If the training left a weight or a moving statistic of the
            encoder as it was.

    Reference:
        Ruff et al., Deep One-Class Classification, ICML 2018, section 4.
    """
    autoencoder = Autoencoder(
        encoder, decoder, preprocessing=preprocessing, weight_decay=weight_decay, seed=seed
    )
    autoencoder.compile(optimizer=optimizer or keras.optimizers.Adam(1e-4))
    before = snapshot(encoder)
    autoencoder.fit(
        x,
        epochs=epochs,
        batch_size=batch_size,
        callbacks=callbacks,
        verbose=verbose,
        **fit_arguments,
    )
    check_changed(encoder, before)
    return autoencoder


def snapshot(encoder: keras.Model) -> dict[str, np.ndarray]:
    """Copies of the weights of an encoder, by path."""
    return {w.path: np.array(w) for w in encoder.weights}


def check_changed(encoder: keras.Model, before: dict[str, np.ndarray]) -> None:
    """Raise `ValueError` if a training has left weights as they were.

    Args:
        encoder: After the training.
        before: Its `snapshot` before. Weights that are frozen, and such that did
            not exist yet, are not compared.
    """
    moving = {w.path for layer in leaf_layers(encoder) for w in _statistics(layer)}
    watched = moving | {w.path for w in encoder.trainable_weights}
    unchanged = [
        w.path
        for w in encoder.weights
        if w.path in before and w.path in watched and np.array_equal(before[w.path], np.array(w))
    ]
    if unchanged:
        raise ValueError(
            "Pretraining left these weights of the encoder unchanged: "
            f"{', '.join(unchanged)}. Look at the learning rate and the number of epochs."
        )


def _statistics(layer: keras.layers.Layer) -> list[Any]:
    if isinstance(layer, keras.layers.BatchNormalization) and layer.trainable:
        return [layer.moving_mean, layer.moving_variance]
    return []
