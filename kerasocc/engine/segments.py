"""Epochs over arrays in segments: the samples of some steps, gathered in their order."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from kerasocc.engine.batch_provider import BatchProvider, SampleTargets
from kerasocc.engine.batches import sample_arrays
from kerasocc.engine.epoch_order import SampleOrder
from kerasocc.engine.replicas import ALONE, Share
from kerasocc.engine.sources import ArraySource

SEGMENT_BYTES = 2**22
"""Most bytes of samples and per-sample targets in a segment, unless a step needs more."""


class Segment(NamedTuple):
    """What the training function needs for some steps of an epoch.

    Attributes:
        samples: Arrays `(samples, ...)`, a sample after the other, named as by
            `sample_arrays`.
        steps: Number of steps.
        size: Number of samples of these steps, those of other processes included.
    """

    samples: dict[str, np.ndarray]
    steps: int
    size: int


class SegmentedProvider(BatchProvider):
    """Arrays in memory or on disk, for a training function that cuts its batches itself.

    Attributes:
        batch_size: Samples of a step.
        next_step: Number of the step of the epoch that comes next.
        most_steps: Most steps of a segment.
    """

    is_asked = True

    def __init__(
        self,
        source: ArraySource,
        order: SampleOrder,
        sample_targets: SampleTargets,
        share: Share = ALONE,
    ):
        self._share = share
        self._source = source
        self._order = order
        self._sample_targets = sample_targets
        self.num_batches = order.num_batches
        self.batch_size = order.batch_size
        sample = source.read(slice(0, 1)).nbytes + _bytes_of_targets(sample_targets)
        self.most_steps = max(1, SEGMENT_BYTES // (sample * order.batch_size))

    def begin_epoch(self, epochs_trained):
        self._positions = self._order.draw(epochs_trained)
        self.next_step = 0

    def next_segment(self, steps: int) -> Segment:
        """What the next steps need, up to `steps` of them."""
        start = self.next_step
        self.next_step = min(start + min(steps, self.most_steps), self.num_batches)
        index = self._positions[start * self.batch_size : self.next_step * self.batch_size]
        own = self._share.own_positions(index, self.batch_size)
        samples = sample_arrays(*self._source.batch(own), own, self._sample_targets)
        return Segment(samples, self.next_step - start, len(index))


def _bytes_of_targets(sample_targets: SampleTargets) -> int:
    """Bytes of the per-sample targets of one sample."""
    templates = [targets_of(np.zeros(0, "int32")) for targets_of in sample_targets.values()]
    return sum(values.itemsize * math.prod(values.shape[1:]) for values in templates)
