"""Datasets of the user's under replicas: every process reads all batches, in the same order."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

from kerasocc.engine.batch_provider import BatchProvider
from kerasocc.engine.strategy_contract import epoch_counter


class IteratedProvider(BatchProvider):
    """Batches of another provider, read one after the other by the training function.

    `tf.distribute` would hand every replica batches of its own, or, across workers, every worker
    a part of the files or of the batches. Here a batch is a batch, and replicas share its rows.

    Args:
        provider: Has the batches as its `data`.
        num_batches: Batches of a pass over them; None without an end.
        steps: `steps_per_epoch`, or None.
    """

    is_asked = True

    def __init__(self, provider: BatchProvider, num_batches: int | None, steps: int | None):
        self._provider = provider
        self._batches: Iterator[Any] | None = None
        self._length = num_batches
        self.steps = steps

    def counted_by(self, model):
        return epoch_counter(model, self._length, self.steps)

    def begin_epoch(self, epochs_trained):
        self._provider.begin_epoch(epochs_trained)
        self._left = self.steps
        if self.steps is None:
            self._batches = None

    def next_batch(self) -> Any:
        """The next batch of the epoch; None behind the last one of it, or of a pass."""
        if self._left == 0:
            return None
        self._left = None if self._left is None else self._left - 1
        if self._batches is None:
            self._batches = self._pass()
        batch = next(self._batches, None)
        if batch is None:
            self._batches = None
        return batch

    def _pass(self) -> Iterator[Any]:
        data = self._provider.data
        if not hasattr(data, "on_epoch_begin"):
            yield from data
            return
        data.on_epoch_begin()
        for number in itertools.count() if self._length is None else range(self._length):
            yield data[number]
        data.on_epoch_end()
