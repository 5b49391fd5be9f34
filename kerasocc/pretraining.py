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
    augmentation: keras.layers.Layer | None = None,
    weight_decay: float = 0.0,
    callbacks: list[keras.callbacks.Callback] | None = None,
    seed: int | None = None,
    verbose: Any = "auto",
    **fit_arguments: Any,
) -> Autoencoder:
    """Train an autoencoder around `encoder`, which keeps its weights.

    The autoencoder trains the given encoder in place: pass the same object to `DeepSVDD`
    afterwards, and neither weights nor BatchNorm statistics need to be copied.

    Args:
        encoder: Keras model from inputs `(batch, ...)` to codes `(batch, d)`.
        decoder: Keras model from codes to inputs; not needed afterwards.
        x: Training samples, as for `fit`.
        epochs: Number of epochs.
        batch_size: Samples per step.
        optimizer: Keras optimizer; default Adam with learning rate 1e-4, as in the paper.
        preprocessing: Layer applied to the inputs first; pass the same one to the model.
        augmentation: As in `OneClassModel`.
        weight_decay: As in `OneClassModel`.
        callbacks: As for `fit`, such as learning rate schedules.
        seed: Seed of the shuffling.
        verbose: As for `fit`.
        **fit_arguments: Other arguments of `fit`.

    Returns:
        The fitted autoencoder.

    Raises:
        ValueError: If the training did not change a weight or a moving statistic of the
            encoder.

    Reference:
        Ruff et al., Deep One-Class Classification, ICML 2018, section 4.
    """
    autoencoder = Autoencoder(
        encoder,
        decoder,
        preprocessing=preprocessing,
        augmentation=augmentation,
        weight_decay=weight_decay,
        seed=seed,
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
    """Copies of the weights of an encoder by path."""
    return {w.path: np.array(w) for w in encoder.weights}


def check_changed(encoder: keras.Model, before: dict[str, np.ndarray]) -> None:
    """Raise `ValueError` if a training did not change a weight.

    Args:
        encoder: The encoder after the training.
        before: Its `snapshot` before the training. Frozen weights and weights that did
            not exist yet are not compared.
    """
    statistics = {w.path for layer in leaf_layers(encoder) for w in _moving_statistics(layer)}
    expected = statistics | {w.path for w in encoder.trainable_weights}
    unchanged = [
        w.path
        for w in encoder.weights
        if w.path in before and w.path in expected and np.array_equal(before[w.path], np.array(w))
    ]
    if unchanged:
        raise ValueError(
            "Pretraining left these weights of the encoder unchanged: "
            f"{', '.join(unchanged)}. Check the learning rate and the number of epochs."
        )


def _moving_statistics(layer: keras.layers.Layer) -> list[Any]:
    if isinstance(layer, keras.layers.BatchNormalization) and layer.trainable:
        return [layer.moving_mean, layer.moving_variance]
    return []
