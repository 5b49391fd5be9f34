"""Epochs over arrays as loops inside of one TensorFlow function.

A `tf.data` pipeline hands every batch from thread to thread and makes its iterators anew
for every epoch, which costs a small network several times its own computing. Here the
training function gets the samples of some steps, in their order, and cuts its batches itself.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras

from kerasocc.models.batches import as_batch
from kerasocc.models.epoch_parts import PartsFeed
from kerasocc.models.tensors import as_tensor
from kerasocc.models.tracing import any_size, traced


class GraphSteps:
    """The compiled training loop of a model, one for every structure of the data."""

    def __init__(self, model: keras.Model):
        self._model = model
        self._compiled: dict[tuple, Callable] = {}

    def forget(self) -> None:
        """Compile anew: the step is another one."""
        self._compiled = {}

    def run(self, feed: PartsFeed, count: int) -> dict[str, Any]:
        """Take up to `count` steps on the epoch that the feed has begun.

        Returns:
            The logs of the last step.
        """
        import tensorflow as tf

        logs: dict[str, Any] = {}
        stop = min(feed.next_step + count, feed.num_batches)
        while feed.next_step < stop:
            part = feed.part(stop - feed.next_step)
            samples = {name: as_tensor(values, own=True) for name, values in part.samples.items()}
            numbers = [tf.constant(n) for n in (feed.batch_size, part.steps)]
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
            one_step = traced(
                self._model.train_step,
                [keras.tree.map_structure(any_size, first)],
                jit_compile=self._model.jit_compile,
            )

            def step(number, logs):
                return number + 1, one_step(batch(samples, batch_size, number))

            nothing = keras.tree.map_structure(
                lambda log: tf.zeros(log.shape, log.dtype), one_step.structured_outputs
            )
            return tf.while_loop(
                lambda number, logs: number < count, step, (0, nothing), parallel_iterations=1
            )[1]

        signature = keras.tree.map_structure(any_size, samples)
        return traced(steps, [signature, *[tf.TensorSpec((), "int32")] * 2])
