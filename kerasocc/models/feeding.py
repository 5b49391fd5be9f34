"""The training data path: batches of `(x, {"label", "index"}, sample_weight)`.

Every sample carries its position in the training set, which the noise of the robust
autoencoder and the embeddings of a frozen encoder are looked up by: entries of their
own beside label and index, with the values of the moment at which the batch is made.
The order of an epoch depends on the seed and on the number of epochs trained so far,
nothing else, so a training that was interrupted continues with the very batches it
would have seen.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops

from kerasocc.models.batches import as_batch, by_name
from kerasocc.models.epoch_order import EpochOrder
from kerasocc.models.epoch_parts import PartsFeed
from kerasocc.models.feed import Feed, LookUps, look_up_in_graph
from kerasocc.models.sources import (
    ArraySource,
    PyDatasetSource,
    RowsSource,
    Source,
    TensorFlowSource,
    unpack,
)
from kerasocc.models.tensors import as_tensor


def make_feed(
    source: Source,
    *,
    batch_size: int,
    shuffle: bool,
    seed: int,
    steps: int | None,
    sample_targets: LookUps | None = None,
    replicas: int = 1,
    in_parts: bool = False,
) -> Feed:
    """Choose the feed for a source.

    Args:
        source: The training data.
        batch_size: Samples per batch; datasets keep their own batches.
        shuffle: Whether to draw a new order for every epoch.
        seed: Seed of the orders.
        steps: Batches per epoch, or None for one pass over the data.
        sample_targets: What else a batch's targets hold, looked up when it is made. The
            values may change between epochs, their dtype and shape may not.
        replicas: Number of replicas that every batch is cut for.
        in_parts: Whether the training function can cut the batches of arrays itself.
    """
    look_ups = sample_targets or {}
    if isinstance(source, ArraySource):
        order = EpochOrder(source.num_samples, batch_size, shuffle, seed, steps)
        if in_parts:
            return PartsFeed(source, order, look_ups)
        in_memory = not isinstance(source, RowsSource)
        if in_memory and keras.backend.backend() == "tensorflow":
            return _TensorFlowArrayFeed(source, order, look_ups)
        return _NumpyArrayFeed(source, order, look_ups)
    if isinstance(source, TensorFlowSource):
        return _TensorFlowStreamFeed(source, steps, look_ups)
    return _PyDatasetFeed(source, shuffle, seed, steps, look_ups, replicas)


def as_targets(y: Any, x: Any) -> dict[str, Any]:
    """Targets of a batch that did not come from a feed (`train_on_batch`).

    Args:
        y: Targets made by a feed, semi-supervised labels of shape `(batch,)`, or
            None for unlabelled samples.
        x: The batch that they belong to.

    Returns:
        `{"label": (batch,) float32, "index": (batch,) int32}`; an unknown index
        is -1.
    """
    if isinstance(y, dict):
        return y
    size = ops.shape(x)[0]
    label = ops.zeros((size,)) if y is None else ops.reshape(y, (-1,))
    return {
        "label": ops.cast(label, "float32"),
        "index": ops.full((size,), -1, dtype="int32"),
    }


class _TensorFlowArrayFeed(Feed):
    """Arrays held once, gathered in a pipeline, which replicas and eager steps need."""

    def __init__(self, source: ArraySource, order: EpochOrder, look_ups: LookUps):
        import tensorflow as tf

        self._order = order
        self.num_batches = order.num_batches
        # A variable: the dataset's graph is made once, the order changes.
        self._positions = tf.Variable(order.draw(0), trainable=False)
        with tf.device("CPU"):
            arrays = {"x": as_tensor(source.x)}
            for name, column in (("label", source.y), ("weight", source.sample_weight)):
                if column is not None:
                    arrays[name] = tf.constant(column, "float32")

        def gather(step):
            start = step * order.batch_size
            index = self._positions[start : start + order.batch_size]
            samples = {name: tf.gather(values, index) for name, values in arrays.items()}
            samples |= {"index": index, **look_up_in_graph(look_ups, index)}
            return as_batch(samples, tf.zeros_like)

        steps = tf.data.Dataset.range(order.num_batches)
        self.data = steps.map(gather).prefetch(tf.data.AUTOTUNE)

    def begin_epoch(self, epochs_trained):
        self._positions.assign(self._order.draw(epochs_trained))


class _NumpyArrayFeed(Feed):
    """Arrays gathered by NumPy: on disk, and for the backends other than TensorFlow."""

    def __init__(self, source: ArraySource, order: EpochOrder, look_ups: LookUps):
        self._order = order
        self.data = _GatheredBatches(source, order, look_ups)

    def begin_epoch(self, epochs_trained):
        self.data.positions = self._order.draw(epochs_trained)


class _GatheredBatches(keras.utils.PyDataset):
    def __init__(self, source: ArraySource, order: EpochOrder, look_ups: LookUps):
        super().__init__()
        self._source = source
        self._look_ups = look_ups
        self._batch_size = order.batch_size
        self._num_batches = order.num_batches
        self.positions = order.draw(0)

    def __len__(self):
        return self._num_batches

    def __getitem__(self, step):
        start = step * self._batch_size
        index = self.positions[start : start + self._batch_size]
        samples = by_name(*self._source.batch(index), index, self._look_ups)
        return as_batch(samples, np.zeros_like)


class _TensorFlowStreamFeed(Feed):
    """The user's `tf.data.Dataset`, its samples numbered in the order they come."""

    def __init__(self, source: TensorFlowSource, steps: int | None, look_ups: LookUps):
        import tensorflow as tf

        def number(seen, element):
            x, label, weight = unpack(element)
            size = tf.shape(x)[0]
            index = tf.range(seen, seen + size)
            samples = {"x": x, "index": index, **look_up_in_graph(look_ups, index)}
            if label is not None:
                samples["label"] = tf.cast(tf.reshape(label, [-1]), "float32")
            if weight is not None:
                samples["weight"] = tf.reshape(weight, [-1])
            return seen + size, as_batch(samples, tf.zeros_like)

        self.data = source.dataset.scan(tf.constant(0), number)
        self.steps = steps


class _PyDatasetFeed(Feed):
    """The user's `PyDataset`, its batches in an order of our drawing."""

    def __init__(
        self,
        source: PyDatasetSource,
        shuffle: bool,
        seed: int,
        steps: int | None,
        look_ups: LookUps,
        replicas: int,
    ):
        self.data = _NumberedBatches(source.dataset, source.num_batches, look_ups)
        if replicas > 1:
            # Replicas begin to read the next epoch when one ends. Keras then keeps what its
            # workers had ready, and hands it out beside the batches of that epoch.
            self.data.workers, self.data.use_multiprocessing = 1, False
        self.steps = steps
        self._order = None
        if shuffle and source.num_batches is not None:
            self._order = EpochOrder(source.num_batches, 1, True, seed, None)

    def begin_epoch(self, epochs_trained):
        if self._order is not None:
            self.data.order = self._order.draw(epochs_trained)


class _NumberedBatches(keras.utils.PyDataset):
    def __init__(self, dataset: keras.utils.PyDataset, num_batches: int | None, look_ups: LookUps):
        super().__init__(
            workers=dataset.workers,
            # Other processes would look up the values that they were started with.
            use_multiprocessing=dataset.use_multiprocessing and not look_ups,
            max_queue_size=dataset.max_queue_size,
        )
        self._dataset = dataset
        self._look_ups = look_ups
        self._num_batches = num_batches
        self._batch_size = len(unpack(dataset[0])[0])
        self.order = None

    @property
    def num_batches(self):
        return self._num_batches

    def __getitem__(self, step):
        number = step if self.order is None else int(self.order[step])
        x, label, weight = unpack(self._dataset[number])
        # TensorFlow computes in place on batches of several replicas: not on the user's arrays.
        x = np.array(x) if isinstance(x, np.ndarray) else x
        # All batches but the last are of one size, as in any epoch of samples.
        index = number * self._batch_size + np.arange(len(x), dtype="int32")
        return as_batch(by_name(x, label, weight, index, self._look_ups), np.zeros_like)

    def on_epoch_begin(self):
        self._dataset.on_epoch_begin()

    def on_epoch_end(self):
        self._dataset.on_epoch_end()
