"""Epochs over arrays in memory as loops inside of one TensorFlow function.

A `tf.data` pipeline hands every batch from thread to thread and makes its iterators anew
for every epoch, which costs a small network several times its own computing. Here the
training function gets the arrays and the order, and gathers its batches itself.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from kerasocc.models.epoch_order import EpochOrder
from kerasocc.models.feed import Feed, LookUps, look_up_in_graph
from kerasocc.models.sources import ArraySource
from kerasocc.models.tracing import any_size, traced

AHEAD_BYTES = 2**26
"""What is looked up for an epoch at once; more is looked up batch by batch."""

LARGE_BYTES = 2**24
"""Arrays from here on are worth a function of their own that converts them."""


class GraphFeed(Feed):
    """Arrays that `GraphSteps` gathers batches from."""

    def __init__(self, source: ArraySource, order: EpochOrder, look_ups: LookUps):
        import tensorflow as tf

        self._order = order
        self.num_batches = order.num_batches
        # Keras counts the steps with it; nothing reads it.
        self.data = tf.data.Dataset.range(order.num_batches)
        self.batch_size = order.batch_size
        with tf.device("CPU"):
            self.stored = {"x": _as_tensor(source.x)}
            if source.y is not None:
                self.stored["label"] = tf.constant(source.y, "float32")
            if source.sample_weight is not None:
                self.stored["weight"] = tf.constant(source.sample_weight)
        ahead = {name: _row_bytes(f) * order.length <= AHEAD_BYTES for name, f in look_ups.items()}
        self._ahead = {name: f for name, f in look_ups.items() if ahead[name]}
        self.by_batch = {name: f for name, f in look_ups.items() if not ahead[name]}

    def begin_epoch(self, epochs_trained):
        import tensorflow as tf

        positions = self._order.draw(epochs_trained)
        self.next_step = 0
        with tf.device("CPU"):
            self.ordered = {"index": tf.constant(positions)}
            for name, look_up in self._ahead.items():
                self.ordered[name] = tf.constant(look_up(positions))


class GraphSteps:
    """The compiled training loop of a model, one for every structure of the data."""

    def __init__(self, model: keras.Model):
        self._model = model
        self._compiled: dict[tuple, Callable] = {}
        self._by_batch: LookUps = {}

    def forget(self) -> None:
        """Compile anew: the step is another one."""
        self._compiled = {}

    def run(self, feed: GraphFeed, count: int) -> dict[str, Any]:
        """Take up to `count` steps on the epoch that the feed has begun.

        Returns:
            The logs of the last step.
        """
        import tensorflow as tf

        self._by_batch = feed.by_batch
        start = feed.next_step
        feed.next_step = min(start + count, feed.num_batches)
        numbers = [tf.constant(n) for n in (feed.batch_size, start, feed.next_step)]
        return self._function(feed)(feed.stored, feed.ordered, *numbers)

    def _function(self, feed: GraphFeed) -> Callable:
        looked_up = {name: f(np.zeros(0, "int32")) for name, f in feed.by_batch.items()}
        arrays = {**feed.stored, **feed.ordered, **looked_up}
        key = tuple((name, a.dtype, tuple(a.shape[1:])) for name, a in sorted(arrays.items()))
        if key not in self._compiled:
            self._compiled[key] = self._compile(feed)
        return self._compiled[key]

    def _compile(self, feed: GraphFeed) -> Callable:
        import tensorflow as tf

        by_batch = {name: self._running_look_up(name) for name in feed.by_batch}

        def batch(stored, ordered, batch_size, number):
            rows = slice(number * batch_size, (number + 1) * batch_size)
            # Where the arrays are: an accelerator gets the batch, not all of them.
            with tf.device("CPU"):
                targets = {name: values[rows] for name, values in ordered.items()}
                index = targets["index"]
                found = {name: tf.gather(values, index) for name, values in stored.items()}
            targets["label"] = found.get("label", tf.zeros_like(index, "float32"))
            targets |= look_up_in_graph(by_batch, index)
            weight = (found["weight"],) if "weight" in found else ()
            return found["x"], targets, *weight

        def steps(stored, ordered, batch_size, start, stop):
            first = batch(stored, ordered, batch_size, start)
            one_step, logs = traced(
                self._model.train_step,
                [keras.tree.map_structure(any_size, first)],
                jit_compile=self._model.jit_compile,
            )
            return tf.while_loop(
                lambda number, logs: number < stop,
                lambda number, logs: (
                    number + 1,
                    one_step(batch(stored, ordered, batch_size, number)),
                ),
                (start, keras.tree.map_structure(lambda log: tf.zeros(log.shape, log.dtype), logs)),
                parallel_iterations=1,
            )[1]

        parts = [keras.tree.map_structure(any_size, part) for part in (feed.stored, feed.ordered)]
        return traced(steps, [*parts, *[tf.TensorSpec((), "int32")] * 3])[0]

    def _running_look_up(self, name: str) -> Callable[[np.ndarray], np.ndarray]:
        """A look-up by the feed that is running when it is called."""
        return lambda rows: self._by_batch[name](rows)


def _as_tensor(values: np.ndarray) -> Any:
    """A tensor of an array in memory, with one copy of a large one.

    TensorFlow's own conversion keeps a second copy as long as the tensor lives.
    """
    import tensorflow as tf

    if values.nbytes < LARGE_BYTES:
        return tf.convert_to_tensor(values)

    # TensorFlow never lets go of a function that it has called: it gets nothing to keep.
    waiting = [values]
    return traced(lambda: tf.numpy_function(waiting.pop, [], values.dtype), [])[0]()


def _row_bytes(look_up: Callable[[np.ndarray], np.ndarray]) -> int:
    nothing = look_up(np.zeros(0, "int32"))
    return nothing.itemsize * int(np.prod(nothing.shape[1:], dtype=int))
