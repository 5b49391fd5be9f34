"""What a compiled function has built in: the layers of a model, their settings and weights."""

from __future__ import annotations

import operator
from typing import Any

import keras
import numpy as np

from kerasocc.engine.keras_contract import own_variables
from kerasocc.engine.keras_layers import NOT_SETTINGS, all_layers, objects_of


class Structure:
    """The structure of a model when a function was compiled, to see when it is outdated.

    What a weight holds is read whenever a compiled function runs; which weights there are, and
    what layers do with them, is built in. Quantization, LoRA, another `dtype_policy`,
    `trainable` or `activation` change that.

    Args:
        model: The model.
    """

    def __init__(self, model: keras.Model):
        self._model = model
        self._known: list[tuple] | None = None
        # Held, so that no later object can have the identity of a layer or weight that is gone.
        self._objects: list[Any] = []
        self._layers: list[keras.layers.Layer] = []

    def has_changed(self) -> bool:
        """Whether the model differs from what it was when this, or `note`, was last called.

        The first call finds no change. What is changed within an object, as by `list.append`,
        is not seen: Keras and its users assign new values.
        """
        # The score of a single sample is not to wait for more than this. The layers are those
        # that were known as long as each of them holds the same objects, layers among them.
        if self._known is not None and self._holds_what_it_held():
            return False
        known = self._known
        self.note()
        return known is not None and known != self._known

    def _holds_what_it_held(self) -> bool:
        objects = objects_of(self._model, NOT_SETTINGS, self._layers)
        return len(objects) == len(self._objects) and all(map(operator.is_, objects, self._objects))

    def note(self) -> None:
        """Take the model as it is now for unchanged."""
        self._layers = all_layers(self._model)
        self._objects = objects_of(self._model, NOT_SETTINGS, self._layers)
        self._known = [_description(layer) for layer in self._layers]


def _description(layer: keras.layers.Layer) -> tuple:
    """What the layer computes, for comparison; equal objects are the same object."""
    policy = layer.dtype_policy
    return (
        id(layer),
        layer.trainable,
        policy.name,
        policy.compute_dtype,
        *[(id(weight), weight.dtype, weight.trainable) for weight in own_variables(layer)],
        *_settings(layer),
    )


def _settings(layer: keras.layers.Layer) -> list[tuple[str, Any]]:
    """The public attributes of a layer that are plain values, arrays, functions or tensors."""
    found: list[tuple[str, Any]] = []
    for name, value in vars(layer).items():
        if name[0] == "_" or name in NOT_SETTINGS:
            continue
        if _is_plain(value):
            # As text, because a list has no value of its own in a comparison with a later one.
            found.append((name, repr(value)))
        elif callable(value) or isinstance(value, np.ndarray) or keras.ops.is_tensor(value):
            found.append((name, id(value)))
    return found


def _is_plain(value: Any) -> bool:
    """Whether a value is a number, a text, or such values in tuples and lists (`pool_size`)."""
    if isinstance(value, (tuple, list)):
        return all(map(_is_plain, value))
    return isinstance(value, (bool, int, float, str))
