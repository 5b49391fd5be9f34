"""Epochs over arrays as loops inside of one TensorFlow function.

A `tf.data` pipeline hands every batch from thread to thread and makes its iterators anew
for every epoch, which costs a small network several times its own computing. Here the
training function gets the samples of some steps, in their order, and cuts its batches itself.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import keras
import numpy as np

from kerasocc.models.epoch_order import EpochOrder
from kerasocc.models.feed import Feed, LookUps
from kerasocc.models.sources import ArraySource
from kerasocc.models.tensors import as_tensor
from kerasocc.models.tracing import any_size, traced

PART_BYTES = 2**22
"""Most bytes of samples and look-ups that it gets at once, unless a step needs more."""


class Part(NamedTuple):
    """What the training function needs for some steps of an epoch.

    Attributes:
        samples: Tensors `(samples, ...)` by name, a sample after the other: `x`, its `index`
            in the training set, `label` and `weight` if there are any, and what is looked up.
        steps: Number of steps.
    """

    samples: dict[str, Any]
    steps: int


class GraphFeed(Feed):
    """Arrays in memory or on disk that `GraphSteps` trains on, a part of an epoch at a time."""

    def __init__(self, source: ArraySource, order: EpochOrder, look_ups: LookUps):
        import tensorflow as tf

        self._source = source
        self._order = order
        self._look_ups = look_ups
        self.num_batches = order.num_batches
        self.batch_size = order.batch_size
        # Keras counts the steps with it; nothing reads it.
        self.data = tf.data.Dataset.range(order.num_batches)
        sample = _sample_bytes(source) + _look_up_bytes(look_ups)
        self._most_steps = max(1, PART_BYTES // (sample * order.batch_size))

    def begin_epoch(self, epochs_trained):
        self._positions = self._order.draw(epochs_trained)
        self.next_step = 0

    def part(self, steps: int) -> Part:
        """What the next steps need, up to `steps` of them."""
        start = self.next_step
        self.next_step = min(start + min(steps, self._most_steps), self.num_batches)
        index = self._positions[start * self.batch_size : self.next_step * self.batch_size]
        x, label, weight = self._source.batch(index)
        samples = {"x": x, "index": index}
        if label is not None:
            samples["label"] = np.asarray(label, "float32")
        if weight is not None:
            samples["weight"] = weight
        samples |= {name: look_up(index) for name, look_up in self._look_ups.items()}
        tensors = {name: as_tensor(values, own=True) for name, values in samples.items()}
        return Part(tensors, self.next_step - start)


class GraphSteps:
    """The compiled training loop of a model, one for every structure of the data."""

    def __init__(self, model: keras.Model):
        self._model = model
        self._compiled: dict[tuple, Callable] = {}

    def forget(self) -> None:
        """Compile anew: the step is another one."""
        self._compiled = {}

    def run(self, feed: GraphFeed, count: int) -> dict[str, Any]:
        """Take up to `count` steps on the epoch that the feed has begun.

        Returns:
            The logs of the last step.
        """
        import tensorflow as tf

        logs: dict[str, Any] = {}
        stop = min(feed.next_step + count, feed.num_batches)
        while feed.next_step < stop:
            part = feed.part(stop - feed.next_step)
            numbers = [tf.constant(n) for n in (feed.batch_size, part.steps)]
            logs = self._function(part)(part.samples, *numbers)
        return logs

    def _function(self, part: Part) -> Callable:
        key = tuple((name, a.dtype, tuple(a.shape[1:])) for name, a in part.samples.items())
        if key not in self._compiled:
            self._compiled[key] = self._compile(part)
        return self._compiled[key]

    def _compile(self, part: Part) -> Callable:
        import tensorflow as tf

        def batch(samples, batch_size, number):
            rows = slice(number * batch_size, (number + 1) * batch_size)
            # Where the samples are: an accelerator gets the batch, not all of them.
            with tf.device("CPU"):
                targets = {name: values[rows] for name, values in samples.items()}
                x, weight = targets.pop("x"), targets.pop("weight", None)
                if "label" not in targets:
                    targets["label"] = tf.zeros_like(targets["index"], "float32")
            return (x, targets) if weight is None else (x, targets, weight)

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

        samples = keras.tree.map_structure(any_size, part.samples)
        return traced(steps, [samples, *[tf.TensorSpec((), "int32")] * 2])


def _sample_bytes(source: ArraySource) -> int:
    return (1 if source.x.dtype == "uint8" else 4) * math.prod(source.input_shape())


def _look_up_bytes(look_ups: LookUps) -> int:
    """Bytes of what is looked up for a sample."""
    nothing = [look_up(np.zeros(0, "int32")) for look_up in look_ups.values()]
    return sum(values.itemsize * math.prod(values.shape[1:]) for values in nothing)
