"""The loop over the steps of an epoch of arrays, inside of one TensorFlow function.

A `tf.data` pipeline hands every batch from thread to thread and makes its iterators anew
for every epoch, which costs a small network several times its own computing. Here the
training function gets a segment, the samples of several steps in their order, and cuts its
batches itself.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras

from kerasocc.engine.batches import as_batch
from kerasocc.engine.segments import SegmentedProvider
from kerasocc.engine.tensors import any_batch_size, as_tensor, compiled_for


class TensorFlowLoop:
    """The compiled training loop of a model, one for every structure of the data."""

    def __init__(self, model: keras.Model):
        self._model = model
        self._compiled: dict[tuple, Callable] = {}

    def invalidate(self) -> None:
        """Compile anew when the loop next runs: the step has changed."""
        self._compiled = {}

    def run(self, provider: SegmentedProvider, count: int) -> dict[str, Any]:
        """Take up to `count` steps of the current epoch of the provider.

        Returns:
            The logs of the last step.
        """
        import tensorflow as tf

        logs: dict[str, Any] = {}
        stop = min(provider.next_step + count, provider.num_batches)
        while provider.next_step < stop:
            segment = provider.next_segment(stop - provider.next_step)
            samples = {name: as_tensor(a, own=True) for name, a in segment.samples.items()}
            numbers = [tf.constant(n) for n in (provider.batch_size, segment.steps)]
            logs = self._function(samples)(samples, *numbers)
        return logs

    def _function(self, samples: dict[str, Any]) -> Callable:
        key = tuple((name, a.dtype, tuple(a.shape[1:])) for name, a in samples.items())
        if key not in self._compiled:
            self._compiled[key] = self._compile(samples)
        return self._compiled[key]

    def _compile(self, samples: dict[str, Any]) -> Callable:
        import tensorflow as tf

        def batch(samples, batch_size, number):
            rows = slice(number * batch_size, (number + 1) * batch_size)
            # Where the samples are: an accelerator gets the batch, not all of them.
            with tf.device("CPU"):
                return as_batch(
                    {name: values[rows] for name, values in samples.items()}, tf.zeros_like
                )

        def steps(samples, batch_size, count):
            first = batch(samples, batch_size, 0)
            one_step = compiled_for(
                self._model.train_step,
                [keras.tree.map_structure(any_batch_size, first)],
                jit_compile=self._model.jit_compile,
            )

            def step(number, logs):
                return number + 1, one_step(batch(samples, batch_size, number))

            no_logs = keras.tree.map_structure(
                lambda log: tf.zeros(log.shape, log.dtype), one_step.structured_outputs
            )
            return tf.while_loop(
                lambda number, logs: number < count, step, (0, no_logs), parallel_iterations=1
            )[1]

        signature = keras.tree.map_structure(any_batch_size, samples)
        return compiled_for(steps, [signature, *[tf.TensorSpec((), "int32")] * 2])
