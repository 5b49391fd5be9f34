"""Epochs over arrays in parts: the samples of some steps, gathered in their order."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import keras
import numpy as np

from kerasocc.models.batches import by_name
from kerasocc.models.epoch_order import EpochOrder
from kerasocc.models.feed import Feed, LookUps
from kerasocc.models.sources import ArraySource

PART_BYTES = 2**22
"""Most bytes of samples and look-ups in a part, unless a step needs more."""


class Part(NamedTuple):
    """What the training function needs for some steps of an epoch.

    Attributes:
        samples: Arrays `(samples, ...)`, a sample after the other, named as by `by_name`.
        steps: Number of steps.
    """

    samples: dict[str, np.ndarray]
    steps: int


class PartsFeed(Feed):
    """Arrays in memory or on disk, for a training function that cuts its batches itself."""

    def __init__(self, source: ArraySource, order: EpochOrder, look_ups: LookUps):
        self._source = source
        self._order = order
        self._look_ups = look_ups
        self.num_batches = order.num_batches
        self.batch_size = order.batch_size
        self.data = _nothing(order.num_batches)
        sample = _sample_bytes(source) + _look_up_bytes(look_ups)
        self.most_steps = max(1, PART_BYTES // (sample * order.batch_size))

    def begin_epoch(self, epochs_trained):
        self._positions = self._order.draw(epochs_trained)
        self.next_step = 0

    def part(self, steps: int) -> Part:
        """What the next steps need, up to `steps` of them."""
        start = self.next_step
        self.next_step = min(start + min(steps, self.most_steps), self.num_batches)
        index = self._positions[start * self.batch_size : self.next_step * self.batch_size]
        samples = by_name(*self._source.batch(index), index, self._look_ups)
        return Part(samples, self.next_step - start)


def _nothing(count: int) -> Any:
    """A dataset of as many batches, which Keras counts the steps with; nothing reads it."""
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        return tf.data.Dataset.range(count)
    return _Empty(count)


class _Empty(keras.utils.PyDataset):
    def __init__(self, count: int):
        super().__init__()
        self._count = count

    def __len__(self):
        return self._count

    def __getitem__(self, step):
        return (np.zeros((1, 1), "float32"),)


def _sample_bytes(source: ArraySource) -> int:
    return (1 if source.x.dtype == "uint8" else 4) * math.prod(source.input_shape())


def _look_up_bytes(look_ups: LookUps) -> int:
    """Bytes of what is looked up for a sample."""
    nothing = [look_up(np.zeros(0, "int32")) for look_up in look_ups.values()]
    return sum(values.itemsize * math.prod(values.shape[1:]) for values in nothing)
