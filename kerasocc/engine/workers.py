"""What the processes of a `MultiWorkerMirroredStrategy` tell each other beside their steps.

All of them run the same program, on the same samples, in step. What could differ between them
(seeds that nobody set, restored weights, a training that one of them stops) is made equal here,
and what must not differ is compared. Without a strategy, or with one process, nothing happens.
"""

from __future__ import annotations

import zlib
from typing import Any

import keras
import numpy as np

from kerasocc import distribution
from kerasocc.engine.replicas import share_of
from kerasocc.engine.sources import Source
from kerasocc.engine.strategy_contract import strategy_of

CHUNK = 2**26
"""Most bytes of an array that are sent at once."""
SAMPLES = 64
"""Samples of arrays that are compared."""


class Workers:
    """The processes that train a model together.

    Args:
        model: The model.

    Attributes:
        number: Of this process; 0 is the chief, which writes the files.
        count: How many there are.
    """

    def __init__(self, model: keras.Model):
        share = share_of(model)
        self._strategy = strategy_of(model) if share.workers > 1 else None
        self._first_replica = share.first
        self._functions: dict[tuple, Any] = {}
        self.number, self.count = share.worker, share.workers

    @property
    def is_chief(self) -> bool:
        """Whether this process writes the files."""
        return self.number == 0

    def gathered(self, values: Any) -> np.ndarray:
        """Numbers of every process.

        Args:
            values: Numbers of this one, exact in float64, of the same shape in all of them.

        Returns:
            Shape `(workers, ...)`, float64.
        """
        values = np.asarray(values, "float64")
        if self._strategy is None:
            return values[None]
        mine = np.zeros((self.count, *values.shape))
        mine[self.number] = values
        return self._added_up(mine)

    def array_of(self, worker: int, values: np.ndarray | None) -> np.ndarray:
        """The array that one of the processes holds.

        Args:
            worker: Number of the process.
            values: In that process, the array; the others pass anything.
        """
        if self._strategy is None:
            return values
        is_source = worker == self.number
        values = np.ascontiguousarray(values) if is_source else np.zeros(())
        header = np.zeros(10)
        if is_source:
            name = values.dtype.str.encode()
            header[:2] = values.ndim, len(name)
            header[2 : 2 + len(name)] = list(name)
        dimensions, length, *name = self.gathered(header)[worker].astype(int)
        dtype = np.dtype(bytes(name[:length]).decode())
        shape = np.zeros(dimensions)
        shape[...] = values.shape if is_source else 0
        found = np.empty(self.gathered(shape)[worker].astype(int), dtype)
        flat = found.reshape(-1).view("uint8")
        sent = values.reshape(-1).view("uint8") if is_source else flat
        for start in range(0, len(flat), CHUNK):
            # As integers of eight bytes: zeros added to them change none.
            part = sent[start : start + CHUNK]
            words = np.zeros(-(-len(part) // 8), "int64")
            if is_source:
                words.view("uint8")[: len(part)] = part
            flat[start : start + CHUNK] = self._added_up(words).view("uint8")[: len(part)]
        return found

    def _added_up(self, values: np.ndarray) -> np.ndarray:
        import tensorflow as tf

        key = (values.shape, values.dtype)
        if key not in self._functions:
            with self._strategy.scope():
                self._functions[key] = tf.function(self._sum, autograph=False)
        result = self._functions[key](tf.constant(values))
        return self._strategy.experimental_local_results(result)[0].numpy()

    def _sum(self, values: Any) -> Any:
        import tensorflow as tf

        def on_replica(values):
            is_first = distribution.replica_number() == self._first_replica
            return distribution.global_sum(tf.where(is_first, values, tf.zeros_like(values)))

        return self._strategy.run(on_replica, args=(values,))


def check_same_samples(workers: Workers, source: Source, batch_size: int) -> None:
    """Raise `ValueError` unless all processes have the same samples, each of them all.

    A part of them for every worker, as `tf.distribute` shards data, would leave out the rows of
    the others.
    """
    if workers.count > 1:
        x = source.subset(SAMPLES, batch_size, steps=1)
        columns = [c for c in (getattr(source, "y", None), source.sample_weight) if c is not None]
        check_same(workers, [source.num_samples or 0, *map(_checksum, (x, *columns))])


def check_same(workers: Workers, numbers: Any) -> None:
    """Raise `ValueError` unless numbers that tell samples apart are those of the chief."""
    found = workers.gathered(numbers)
    others = np.flatnonzero(np.any(found != found[0], axis=tuple(range(1, found.ndim))))
    if len(others):
        raise ValueError(
            "`x` must hold the same samples, all of them and in the same order, on every worker: "
            "each takes its rows of every batch. Shuffle datasets with a seed, do not shard them. "
            f"Received: other samples on worker {others[0]} than on worker 0"
        )


def check_same_batch(workers: Workers, batch: tuple[Any, ...]) -> None:
    """As `check_same_samples`, for a batch of a dataset."""
    if workers.count > 1:
        x = keras.ops.convert_to_numpy(batch[0])
        check_same(workers, [len(x), _checksum(x)])


def _checksum(values: np.ndarray) -> int:
    return zlib.crc32(np.ascontiguousarray(values))


def agree_on_seeds(workers: Workers, *owners: Any) -> None:
    """Give every process the seeds of the chief: where nobody set them they were drawn.

    Args:
        workers: The processes.
        *owners: Objects that may have an `order_seed`.
    """
    for owner in owners:
        if workers.count > 1 and getattr(owner, "order_seed", 2**53) < 2**53:
            owner.order_seed = int(workers.gathered(owner.order_seed)[0])
