"""The order in which an epoch visits the training samples."""

from __future__ import annotations

import math
from typing import Protocol

import numpy as np


class SampleOrder(Protocol):
    """Positions of samples in the order of an epoch, a batch after the other."""

    batch_size: int
    length: int
    """Positions of an epoch."""
    num_batches: int

    def draw(self, epochs_trained: int) -> np.ndarray:
        """Positions, shape `(length,)`, int32."""


class EpochOrder:
    """Positions of the samples in the order in which an epoch visits them.

    Args:
        num_samples: Size of the training set.
        batch_size: Samples per batch.
        shuffle: Whether every epoch has an order of its own.
        seed: Seed of the orders.
        steps: Batches per epoch, or None for one pass over the samples.
    """

    def __init__(
        self, num_samples: int, batch_size: int, shuffle: bool, seed: int, steps: int | None
    ):
        self.num_samples = num_samples
        self.batch_size = batch_size
        self.shuffle = shuffle
        self.seed = seed
        self.length = num_samples if steps is None else steps * batch_size
        self.num_batches = math.ceil(self.length / batch_size)

    def draw(self, epochs_trained: int) -> np.ndarray:
        """Positions, shape `(length,)`, int32: as many passes as it takes."""
        size = self.num_samples
        positions = np.tile(np.arange(size, dtype="int32"), math.ceil(self.length / size))
        if self.shuffle:
            generator = np.random.default_rng([self.seed, epochs_trained])
            for start in range(0, len(positions), size):
                generator.shuffle(positions[start : start + size])
        return positions[: self.length]
