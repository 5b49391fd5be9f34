"""State that survives: weights with an explicit aggregation over replicas."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import keras


def add_state(
    layer: keras.layers.Layer,
    name: str,
    shape: tuple[int, ...] = (),
    *,
    initial: float = 0.0,
    dtype: str = "float32",
) -> Any:
    """Add a non-trainable weight that is saved, restored and exported.

    Every replica computes the same value from global reductions, so the first
    one's is kept; TensorFlow's default would diverge without a word.

    Args:
        layer: The model or layer that owns the state.
        name: Name of the weight.
        shape: Its shape.
        initial: Its initial value.
        dtype: Its dtype, whatever the compute policy.
    """
    weight = layer.add_weight(
        shape=shape,
        initializer=keras.initializers.Constant(initial),
        dtype=dtype,
        trainable=False,
        autocast=False,
        aggregation="only_first_replica",
        name=name,
    )
    weight.initial_state = initial
    return weight


def set_initial_state(weight: Any, value: float) -> None:
    """Give a weight of `add_state` a value that it returns to when it is reset."""
    weight.assign(value)
    weight.initial_state = value


def reset_state(weights: Iterable[Any]) -> None:
    """Give the weights of `add_state` among some weights their initial values again."""
    for weight in weights:
        if hasattr(weight, "initial_state"):
            value = keras.ops.full(weight.shape, weight.initial_state, dtype=weight.dtype)
            weight.assign(value)
