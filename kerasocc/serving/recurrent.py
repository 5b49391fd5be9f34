"""Recurrent layers in exported models: step by step, where a format has no loops of lists."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import keras

from kerasocc.engine.keras_layers import all_layers


@contextlib.contextmanager
def unrolled(model: keras.Model) -> Iterator[None]:
    """Have the recurrent layers of a model unroll their loops while they are traced.

    LiteRT has no lists of tensors of unknown length, which the loops of Keras write to. Their
    weights and results are the same.

    Raises:
        ValueError: If the samples have no fixed number of steps.
    """
    recurrent = [layer for layer in all_layers(model) if isinstance(layer, keras.layers.RNN)]
    steps = model.get_build_config()["input_shape"][1:]
    if recurrent and None in steps:
        raise ValueError(
            '`format="litert"` needs samples with a fixed number of steps for recurrent layers. '
            f"Received: samples of shape {tuple(steps)} for {recurrent[0].name!r}"
        )
    before: list[tuple[Any, bool]] = [(layer, layer.unroll) for layer in recurrent]
    try:
        for layer in recurrent:
            layer.unroll = True
        yield
    finally:
        for layer, unroll in before:
            layer.unroll = unroll
