"""The training data path: batches of `(x, {"label", "index"}, sample_weight)`.

Every sample carries its position in the training set. Per-sample targets, such as the noise
of the robust autoencoder or the embeddings of a frozen encoder, are found by it; they stand
beside label and index, with the values of the moment at which the batch is made. The order
of an epoch depends on nothing but the seed and the number of epochs trained so far, so an
interrupted training continues with the batches that it would have had.
"""

from __future__ import annotations

import keras
import numpy as np

from kerasocc.engine.batch_provider import (
    BatchProvider,
    SampleTargets,
    sample_targets_in_graph,
)
from kerasocc.engine.batches import as_batch, sample_arrays
from kerasocc.engine.epoch_order import EpochOrder, SampleOrder
from kerasocc.engine.iterated_batches import IteratedProvider
from kerasocc.engine.replicas import ALONE, Share
from kerasocc.engine.sample_checks import unpack
from kerasocc.engine.segments import SegmentedProvider
from kerasocc.engine.sources import ArraySource, PyDatasetSource, Source, TensorFlowSource
from kerasocc.engine.tensors import as_tensor


def make_batch_provider(
    source: Source,
    *,
    batch_size: int,
    shuffle: bool,
    seed: int,
    steps: int | None,
    sample_targets: SampleTargets | None = None,
    in_segments: bool = False,
    share: Share | None = None,
) -> BatchProvider:
    """Choose the provider for a source.

    Args:
        source: The training data.
        batch_size: Samples per batch; datasets keep their own batches.
        shuffle: Whether to draw a new order for every epoch.
        seed: Seed of the orders.
        steps: Batches per epoch, or None for one pass over the data.
        sample_targets: Further targets of a batch, computed when it is made. The values may
            change between epochs, their dtype and shape may not.
        in_segments: Whether the training function can cut the batches of arrays itself.
        share: Under a strategy, which of its replicas are in this process; else None.
    """
    targets = sample_targets or {}
    if source.has_random_access:
        order = source.epoch_order(batch_size, shuffle, seed, steps)
        if in_segments:
            return SegmentedProvider(source, order, targets, share or ALONE)
        if source.in_memory and keras.backend.backend() == "tensorflow":
            return _PipelineOfArrays(source, order, targets)
        return _GatheredArrays(source, order, targets)
    if source.has_numbered_batches:
        shuffle = shuffle and not source.orders_itself
        numbered = _NumberedBatches(source, shuffle, seed, steps, targets)
        return numbered if share is None else IteratedProvider(numbered, source.num_batches, steps)
    pipeline = _PipelineOfDataset(source, steps, targets)
    if share is None:
        return pipeline
    return IteratedProvider(pipeline, _batches_of_a_pass(source, steps), steps)


def _batches_of_a_pass(source: TensorFlowSource, steps: int | None) -> int | None:
    """Number of batches of a dataset, which is read if it does not know; None without an end.

    Args:
        source: The dataset.
        steps: Batches that an epoch takes, None for all: the number need not be known.
    """
    known = int(source.dataset.cardinality())
    if known >= 0:
        return known
    return None if steps is not None else sum(1 for _ in source.dataset)


class _PipelineOfArrays(BatchProvider):
    """Arrays in memory, gathered in a `tf.data` pipeline, which eager steps need."""

    def __init__(self, source: ArraySource, order: SampleOrder, sample_targets: SampleTargets):
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
            samples |= {"index": index, **sample_targets_in_graph(sample_targets, index)}
            return as_batch(samples, tf.zeros_like)

        steps = tf.data.Dataset.range(order.num_batches)
        self.data = steps.map(gather).prefetch(tf.data.AUTOTUNE)

    def begin_epoch(self, epochs_trained):
        self._positions.assign(self._order.draw(epochs_trained))


class _GatheredArrays(BatchProvider):
    """Arrays gathered by NumPy: on disk, with outliers, and for other backends than TensorFlow."""

    def __init__(
        self,
        source: ArraySource,
        order: SampleOrder,
        sample_targets: SampleTargets,
    ):
        self._order = order
        self.data = _GatheredDataset(source, order, sample_targets)

    def begin_epoch(self, epochs_trained):
        self.data.positions = self._order.draw(epochs_trained)


class _GatheredDataset(keras.utils.PyDataset):
    def __init__(
        self,
        source: ArraySource,
        order: SampleOrder,
        sample_targets: SampleTargets,
    ):
        super().__init__()
        self._source = source
        self._sample_targets = sample_targets
        self._batch_size = order.batch_size
        self._num_batches = order.num_batches
        self.positions = order.draw(0)

    def __len__(self):
        return self._num_batches

    def __getitem__(self, step):
        start = step * self._batch_size
        index = self.positions[start : start + self._batch_size]
        samples = sample_arrays(*self._source.batch(index), index, self._sample_targets)
        return as_batch(samples, np.zeros_like)


class _PipelineOfDataset(BatchProvider):
    """The user's `tf.data.Dataset`, its samples numbered in the order they come."""

    def __init__(self, source: TensorFlowSource, steps: int | None, sample_targets: SampleTargets):
        import tensorflow as tf

        def number(first, element):
            x, label, weight = unpack(element)
            size = tf.shape(x)[0]
            index = tf.range(first, first + size)
            samples = {"x": x, "index": index, **sample_targets_in_graph(sample_targets, index)}
            if label is not None:
                samples["label"] = tf.cast(tf.reshape(label, [-1]), "float32")
            if weight is not None:
                weight = tf.reshape(weight, [-1])
                message = "`sample_weight` must not be negative."
                with tf.control_dependencies([tf.debugging.assert_non_negative(weight, message)]):
                    samples["weight"] = tf.identity(weight)
            return first + size, as_batch(samples, tf.zeros_like)

        self.data = source.dataset.scan(tf.constant(0), number)
        self.steps = steps


class _NumberedBatches(BatchProvider):
    """The user's `PyDataset`, its batches in an order drawn from the seed."""

    def __init__(
        self,
        source: PyDatasetSource,
        shuffle: bool,
        seed: int,
        steps: int | None,
        sample_targets: SampleTargets,
    ):
        self.data = _NumberedDataset(source.dataset, source.num_batches, sample_targets)
        self.steps = steps
        self._order = None
        if shuffle and source.num_batches is not None:
            self._order = EpochOrder(source.num_batches, 1, True, seed, None)

    def begin_epoch(self, epochs_trained):
        if self._order is not None:
            self.data.order = self._order.draw(epochs_trained)


class _NumberedDataset(keras.utils.PyDataset):
    def __init__(
        self, dataset: keras.utils.PyDataset, num_batches: int | None, sample_targets: SampleTargets
    ):
        super().__init__(
            workers=dataset.workers,
            # Other processes would compute targets from the values that they were started with.
            use_multiprocessing=dataset.use_multiprocessing and not sample_targets,
            max_queue_size=dataset.max_queue_size,
        )
        self._dataset = dataset
        self._sample_targets = sample_targets
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
        return as_batch(sample_arrays(x, label, weight, index, self._sample_targets), np.zeros_like)

    def on_epoch_begin(self):
        self._dataset.on_epoch_begin()

    def on_epoch_end(self):
        self._dataset.on_epoch_end()
