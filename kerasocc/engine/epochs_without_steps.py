"""`fit` of models that gradient steps have no part in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras

from kerasocc.engine.keras_contract import first_epoch


def epochs_without_steps(
    model: keras.Model,
    logs: Mapping[str, float],
    *,
    epochs: int,
    verbose: Any,
    callbacks: Any,
    initial_epoch: int,
    **_: Any,
) -> keras.callbacks.History:
    """Begin and end epochs, so that callbacks do what they do between them.

    Args:
        model: The model, whose `stop_training` ends them.
        logs: What every epoch reports.
        epochs: Number of the last epoch.
        verbose: As that of `fit` of a Keras model.
        callbacks: Of the user and of the model.
        initial_epoch: Number of epochs that are done, unless a backup says otherwise.

    Returns:
        The history of the model.
    """
    hooks = keras.callbacks.CallbackList(
        callbacks,
        add_history=True,
        add_progbar=verbose != 0,
        verbose=1 if verbose == "auto" else verbose,
        epochs=epochs,
        steps=1,
        model=model,
    )
    model.stop_training = False
    hooks.on_train_begin()
    for epoch in range(first_epoch(model, initial_epoch), epochs):
        hooks.on_epoch_begin(epoch)
        hooks.on_epoch_end(epoch, dict(logs))
        if model.stop_training:
            break
    hooks.on_train_end()
    return model.history
