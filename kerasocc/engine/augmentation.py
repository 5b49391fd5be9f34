"""`Augmenter`: a Keras layer that changes the samples of a training step at random."""

from __future__ import annotations

from typing import Any, Protocol

import keras
import numpy as np
from keras import ops

from kerasocc import distribution
from kerasocc.engine.keras_layers import build_layer, output_shape_of, seed_states
from kerasocc.state import add_state

_DRAWS_PER_BATCH = 256
"""More random numbers than layers draw for a batch: each of them counts the generator up by 1."""


class AugmentableModel(Protocol):
    """What decides about whether the samples of a model can be augmented."""

    order_seed: int
    sample_dtype: str
    table_features: Any
    without_augmentation: str


class Augmenter(keras.layers.Layer):
    """Applies a layer to batches of training samples, with random numbers of its own.

    What is drawn depends on the seed and on the number of augmented batches so far, which is a
    weight. So two trainings with one seed draw the same, and a training that was interrupted goes
    on with what it would have drawn, which Keras's generators, whose state is in no file, do not.

    Replicas that hold pieces of a batch each augment all of it, with the same random numbers, and
    keep their piece.

    Args:
        layer: Keras layer, or several in a `keras.Sequential`, from samples `(batch, ...)` to as
            many of the same shape.
        seed: Seed of its random numbers, in place of those that it was made with.
    """

    def __init__(self, layer: keras.layers.Layer, seed: int):
        super().__init__(dtype="float32", autocast=False, name="augmenter")
        self.layer = layer
        self._seed = seed

    def build(self, input_shape: Any) -> None:
        shape = tuple(input_shape)
        if not self.layer.built:
            build_layer(self.layer, shape)
        output = output_shape_of(self.layer, shape)
        if output != shape:
            raise ValueError(
                f"`augmentation` must keep the shape of the samples, {shape[1:]}. Received: "
                f"{type(self.layer).__name__}, which makes it {tuple(output)[1:]}"
            )
        count = len(seed_states(self.layer))
        if not count:
            raise ValueError(
                "`augmentation` must draw random numbers by a `keras.random.SeedGenerator`, as "
                f"`keras.layers.RandomFlip` does. Received: {type(self.layer).__name__}, which has "
                "none"
            )
        self.batches = add_state(self, "batches", dtype="int32")
        self.seeds = add_state(self, "seeds", (count,), dtype="int32")
        drawn = np.random.SeedSequence(self._seed).generate_state(count) >> 1
        self.seeds.assign(drawn.astype("int32"))
        self.built = True

    def call(self, x: Any) -> Any:
        """Augmented samples, shape `(batch, ...)`, float32."""
        self._seed_generators_of_layer()
        batch = distribution.global_concat(ops.cast(x, "float32"))
        augmented = ops.cast(self.layer(batch, training=True), "float32")
        return distribution.local_rows(augmented, ops.shape(x)[0])

    def _seed_generators_of_layer(self) -> None:
        """Have the generators begin where this batch begins."""
        for number, state in enumerate(seed_states(self.layer)):
            first = ops.cast(self.batches, state.dtype) * _DRAWS_PER_BATCH
            state.assign(ops.stack([ops.cast(self.seeds[number], state.dtype), first]))
        self.batches.assign(self.batches + 1)


def make_augmenter(model: AugmentableModel, layer: Any) -> Augmenter | None:
    """What augments the training samples of a model; None without a layer for it.

    Args:
        model: The model, with all that says what samples it takes.
        layer: The argument `augmentation`.

    Raises:
        ValueError: If it is no layer, or the model cannot be trained with it.
    """
    if layer is None:
        return None
    if not isinstance(layer, keras.layers.Layer):
        raise ValueError(
            f"`augmentation` must be a Keras layer or None. Received: augmentation={layer!r}"
        )
    reason = model.without_augmentation
    if model.sample_dtype != "float32" or model.table_features is not None:
        reason = "a table of `TableFeatures` or in float64 cannot be augmented"
    if reason:
        raise ValueError(
            f"`augmentation` must be None for {type(model).__name__}: {reason}. Received: "
            f"{type(layer).__name__}"
        )
    return Augmenter(layer, model.order_seed)
