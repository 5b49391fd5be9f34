"""What Keras does not document about layers: see `keras_contract`."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import keras

from kerasocc.engine.keras_contract import own_variables

NOT_SETTINGS = {
    "auto_steps_per_execution",
    "built",
    "compiled",
    "current_run",
    "history",
    "predict_function",
    "steps_per_execution",
    "stop_training",
    "test_function",
    "train_function",
    "training",
}
"""Attributes of layers and models that change without changing what is computed."""


def all_layers(model: keras.Model) -> list[keras.layers.Layer]:
    """A model and the layers in it, at any depth."""
    return list(model._flatten_layers())


def objects_of(
    model: keras.Model,
    ignored: Collection[str] = (),
    layers: Sequence[keras.layers.Layer] | None = None,
) -> list[Any]:
    """All that the attributes of a model and of its layers hold, with the layers and weights.

    A list of other objects than before may, one of the same objects cannot mean that layers
    have changed: Keras and users assign new values, and add and remove whole weights.

    Args:
        model: The model.
        ignored: Names of its own attributes, not of those of its layers, to leave out.
        layers: The layers to look at; default all of them, with the model.
    """
    found: list[Any] = []
    for layer in all_layers(model) if layers is None else layers:
        if layer is model:
            found += [value for name, value in vars(model).items() if name not in ignored]
        else:
            found += vars(layer).values()
        found += layer._layers
        for weight in own_variables(layer):
            found += (weight, weight.trainable)
    return found


def seed_states(layer: keras.layers.Layer) -> list[Any]:
    """The states of the generators of random numbers of a layer, at any depth, in a fixed order."""
    return [v for v in layer.variables if v.path.rsplit("/", 1)[-1] == "seed_generator_state"]


def forget_calls(layer: keras.layers.Layer) -> None:
    """Have a layer forget the symbolic calls so far.

    A functional model stores which call of a layer made a tensor, counted from the first. That
    of a file is the first one only if the layer has not been called while it was restored.
    """
    layer._inbound_nodes.clear()


def build_layer(layer: keras.layers.Layer, input_shape: tuple[int | None, ...]) -> None:
    """Build a layer for inputs of a shape, also one that only a call builds.

    That is one which makes its layers in its constructor and does not define `build`.
    """
    if not getattr(layer.build, "_is_default", False):
        layer.build(input_shape)
        return
    layer(keras.Input(batch_shape=input_shape))
    forget_calls(layer)


def output_shape_of(layer: keras.layers.Layer, input_shape: tuple[int | None, ...]) -> Any:
    """Shape, or structure of shapes, of a layer's outputs, whether or not it tells itself.

    Keras computes the outputs of a layer that does not define `compute_output_shape`
    symbolically, but not their shapes.
    """
    try:
        return layer.compute_output_shape(input_shape)
    except NotImplementedError:
        outputs = layer.compute_output_spec(keras.KerasTensor(input_shape, dtype="float32"))
        return keras.tree.map_structure(lambda output: tuple(output.shape), outputs)
