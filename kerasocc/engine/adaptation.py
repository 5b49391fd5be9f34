"""Preprocessing layers that were never adapted, which would pass samples on as they are."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from kerasocc.engine.keras_layers import all_layers


def check_adapted(model: keras.Model) -> None:
    """Raise `ValueError` if a layer of the model has to be adapted and was not.

    `keras.models.clone_model` and `from_config` make such layers: what a layer was adapted to
    is in its weights, not in its config. A layer tells by the attribute `is_adapted`; of Keras's
    own it is `Normalization` that computes without having been adapted.

    Raises:
        ValueError: With the name of the layer.
    """
    for layer in all_layers(model):
        is_normalization = isinstance(layer, keras.layers.Normalization)
        if is_normalization:
            # Its weights may have been assigned; it computes with copies of them.
            layer.finalize_state()
        adapted = _is_adapted(layer) if is_normalization else getattr(layer, "is_adapted", True)
        if not adapted:
            raise ValueError(
                f"Layers of {model.name} that preprocess samples must be adapted. Received: "
                f"{type(layer).__name__} {layer.name!r}, which was never adapted. Call `adapt` "
                "with the training samples before the model is made. A model from `clone_model` "
                "or `from_config` has it not either: give it the weights of the other, "
                "`clone.set_weights(model.get_weights())`, or an adapted layer."
            )


def _is_adapted(layer: keras.layers.Normalization) -> bool:
    """Whether Keras's layer changes anything: mean 0 and variance 1 is what it begins with."""
    if layer.input_mean is not None:
        return True
    if not layer.built:
        return False
    mean, variance = (_array(weight) for weight in (layer.adapt_mean, layer.adapt_variance))
    return bool(mean.any() or (variance != 1.0).any())


def _array(weight: Any) -> np.ndarray:
    return np.asarray(keras.ops.convert_to_numpy(weight))
