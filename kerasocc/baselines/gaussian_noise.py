"""Standard normal random numbers in the steps of a training, the same when it is resumed."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from kerasocc import distribution
from kerasocc.state import add_state


class StandardNormal(keras.layers.Layer):
    """Draws standard normal numbers for the samples of a batch.

    They depend on the seed and on the number of batches so far, which is a weight: a resumed
    training draws what it would have drawn. Replicas draw for the whole batch and keep the rows of
    their piece.

    Args:
        width: Numbers per sample.
        seed: Their seed.
    """

    def __init__(self, width: int, seed: int):
        super().__init__(dtype="float32", autocast=False, name="standard_normal")
        self._width, self._seed = width, seed
        self._generator = keras.random.SeedGenerator(seed)

    def build(self, input_shape: Any) -> None:
        self.batches = add_state(self, "batches", dtype="int32")
        self.built = True

    def call(self, x: Any) -> Any:
        """Numbers for a batch `x` of any shape `(batch, ...)`, shape `(batch, width)`, float32."""
        state, size = self._generator.state, ops.shape(x)[0]
        numbers = [ops.cast(self._seed, state.dtype), ops.cast(self.batches, state.dtype)]
        state.assign(ops.stack(numbers))
        shape = (distribution.global_size(size), self._width)
        drawn = keras.random.normal(shape, seed=self._generator, dtype="float32")
        self.batches.assign(self.batches + 1)
        return distribution.local_rows(drawn, size)
