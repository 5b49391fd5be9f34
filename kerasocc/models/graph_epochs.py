"""Epochs over arrays as loops inside of one TensorFlow function.

A `tf.data` pipeline hands every batch from thread to thread and makes its iterators anew
for every epoch, which costs a small network several times its own computing. Here the
training function gets samples, and the order of some steps, and gathers its batches itself.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import keras
import numpy as np

from kerasocc.models.epoch_order import EpochOrder
from kerasocc.models.feed import Feed, LookUps
from kerasocc.models.sources import ArraySource, RowsSource
from kerasocc.models.tracing import any_size, traced

HELD_BYTES = 2**25
"""Arrays up to this size are handed to TensorFlow whole, which copies them twice; of larger
ones, and of those on disk, it gets what some steps need."""

PART_BYTES = 2**22
"""Most bytes of samples and look-ups for more than one step."""


class Part(NamedTuple):
    """What the training function needs for some steps of an epoch.

    Attributes:
        stored: Arrays `(rows, ...)` by name: `x`, and `label` and `weight` if there are any.
        ordered: Arrays `(samples, ...)` by name, a sample after the other: its `row` in
            the stored arrays, its `index` in the training set, and what is looked up.
        steps: Number of steps.
    """

    stored: dict[str, Any]
    ordered: dict[str, np.ndarray]
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
        sample = _sample_bytes(source)
        self._held = None
        if not isinstance(source, RowsSource) and sample * source.num_samples <= HELD_BYTES:
            with tf.device("CPU"):
                held = _stored(source, slice(None))
                self._held = keras.tree.map_structure(tf.convert_to_tensor, held)
        row = _look_up_bytes(look_ups) + (0 if self._held else sample)
        self._most_steps = max(1, PART_BYTES // max(1, row * order.batch_size))

    def begin_epoch(self, epochs_trained):
        self._positions = self._order.draw(epochs_trained)
        self.next_step = 0

    def part(self, steps: int) -> Part:
        """What the next steps need, up to `steps` of them."""
        start = self.next_step
        self.next_step = min(start + min(steps, self._most_steps), self.num_batches)
        index = self._positions[start * self.batch_size : self.next_step * self.batch_size]
        ordered = {name: look_up(index) for name, look_up in self._look_ups.items()}
        stored, row = self._held, index
        if stored is None:
            stored, row = _stored(self._source, index), np.arange(len(index), dtype="int32")
        return Part(stored, {"index": index, "row": row, **ordered}, self.next_step - start)


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
            logs = self._function(part)(part.stored, part.ordered, *numbers)
        return logs

    def _function(self, part: Part) -> Callable:
        arrays = [*part.stored.items(), *part.ordered.items()]
        key = tuple(
            (name, keras.backend.standardize_dtype(a.dtype), tuple(a.shape[1:]))
            for name, a in arrays
        )
        if key not in self._compiled:
            self._compiled[key] = self._compile(part)
        return self._compiled[key]

    def _compile(self, part: Part) -> Callable:
        import tensorflow as tf

        def batch(stored, ordered, batch_size, number):
            rows = slice(number * batch_size, (number + 1) * batch_size)
            # Where the arrays are: an accelerator gets the batch, not all of them.
            with tf.device("CPU"):
                targets = {name: values[rows] for name, values in ordered.items()}
                row = targets.pop("row")
                found = {name: tf.gather(values, row) for name, values in stored.items()}
            targets["label"] = found.get("label", tf.zeros_like(row, "float32"))
            weight = (found["weight"],) if "weight" in found else ()
            return found["x"], targets, *weight

        def steps(stored, ordered, batch_size, count):
            first = batch(stored, ordered, batch_size, 0)
            one_step, logs = traced(
                self._model.train_step,
                [keras.tree.map_structure(any_size, first)],
                jit_compile=self._model.jit_compile,
            )

            def step(number, logs):
                return number + 1, one_step(batch(stored, ordered, batch_size, number))

            nothing = keras.tree.map_structure(lambda log: tf.zeros(log.shape, log.dtype), logs)
            return tf.while_loop(
                lambda number, logs: number < count, step, (0, nothing), parallel_iterations=1
            )[1]

        parts = [keras.tree.map_structure(any_size, a) for a in (part.stored, part.ordered)]
        return traced(steps, [*parts, *[tf.TensorSpec((), "int32")] * 2])[0]


def _stored(source: ArraySource, rows: slice | np.ndarray) -> dict[str, np.ndarray]:
    """The samples of a source in the given rows, with their labels and weights if any."""
    stored = {"x": source.read(rows)}
    if source.y is not None:
        stored["label"] = np.asarray(source.y[rows], "float32")
    if source.sample_weight is not None:
        stored["weight"] = source.sample_weight[rows]
    return stored


def _sample_bytes(source: ArraySource) -> int:
    return (1 if source.x.dtype == "uint8" else 4) * math.prod(source.input_shape())


def _look_up_bytes(look_ups: LookUps) -> int:
    """Bytes of what is looked up for a sample."""
    nothing = [look_up(np.zeros(0, "int32")) for look_up in look_ups.values()]
    return sum(values.itemsize * math.prod(values.shape[1:]) for values in nothing)
