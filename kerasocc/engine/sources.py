"""Training and scoring data of every kind behind one interface."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import keras
import numpy as np

from kerasocc.datasets.storage.rows import ROWS_AT_ONCE, Rows, as_rows, rows_in_flight
from kerasocc.engine import iterables
from kerasocc.engine.epoch_order import EpochOrder, SampleOrder
from kerasocc.engine.sample_checks import (
    ALL_ZERO,
    Batch,
    as_column,
    as_samples,
    as_weights,
    check_finite,
    check_shape,
    checked_batch,
    to_numpy,
)
from kerasocc.engine.tensors import aligned

VALUES_PER_CALL = 2**21
"""Numbers that a call of a compiled pass gets of an array in memory, which it copies."""


class Source:
    """Samples that can be read, batch by batch and in stored order, again and again."""

    num_samples: int | None = None
    """Number of samples, where it is known without reading them."""
    sample_weight: np.ndarray | None = None
    """Weights of the samples, shape `(samples,)`, where they are known without reading them."""
    endless = False
    """Whether a pass over the source needs a number of steps to come to an end."""
    has_random_access = False
    """Whether samples can be read by their position, `read`, and batches be drawn from them."""
    in_memory = False
    """Whether all samples are held in memory."""
    may_change_between_passes = False
    """Whether a second pass may give the samples in another order, or other samples."""
    has_numbered_batches = False
    """Whether the position of a sample follows from the number of its batch."""
    batch_size: int | None = None
    """Of the batches that a generator gave the samples in."""
    orders_itself = False
    """Whether numbered batches can be asked for in their order only."""
    rows_at_once = ROWS_AT_ONCE
    """Samples that a pass puts through a model at once, unless the source has batches."""
    rows_read_at_once = 1
    """Samples that a pass may read at once beyond that: what is in memory costs nothing."""

    @property
    def may_have_labels(self) -> bool:
        """Whether samples may have labels; those of a dataset are seen when they are read."""
        return True

    def batches(self, batch_size: int, steps: int | None = None) -> Iterator[Batch]:
        """Yield `(x, y, sample_weight)` in NumPy, checked to be finite.

        Args:
            batch_size: Size of the batches; a dataset keeps its own.
            steps: Number of batches to stop after.
        """
        raise NotImplementedError

    def check_bounded(self, steps: int | None) -> None:
        """Raise `ValueError` for an endless source without a number of steps."""
        if self.endless and steps is None:
            raise ValueError(
                "An endless dataset needs `steps_per_epoch` (`steps` when scoring). Received: None"
            )

    def input_shape(self) -> tuple[int, ...]:
        """Shape of one sample."""
        for x, _, _ in self.batches(1, steps=1):
            return x.shape[1:]
        raise ValueError("`x` must hold at least one sample. Received: an empty dataset")

    def subset(self, count: int, batch_size: int, steps: int | None = None) -> np.ndarray:
        """Up to `count` samples, always the same: evenly spaced ones, or the first of a dataset.

        Args:
            count: Number of samples.
            batch_size: Size of the batches that are read.
            steps: Number of batches to stop after.
        """
        parts: list[np.ndarray] = []
        for x, _, _ in self.batches(batch_size, steps):
            parts.append(x)
            if sum(map(len, parts)) >= count:
                break
        return np.concatenate(parts)[:count]


class ArraySource(Source):
    """Arrays, held once in one dtype (or as they came if they are uint8)."""

    has_random_access = True
    in_memory = True

    def __init__(self, x: Any, y: Any = None, sample_weight: Any = None, dtype: str = "float32"):
        self.dtype = dtype
        self.x = self._as_samples(x)
        self.num_samples = len(self.x)
        self.rows_at_once = rows_in_flight(self.x.shape[1:])
        self.rows_read_at_once = self._most_read_at_once()
        self.y = None if y is None else as_column("y", y, self.num_samples)
        if sample_weight is not None:
            self.sample_weight = as_weights(sample_weight, self.num_samples)
            if not self.sample_weight.any():
                raise ValueError(ALL_ZERO)

    def batches(self, batch_size, steps=None):
        stop = self.num_samples if steps is None else steps * batch_size
        for start in range(0, min(stop, self.num_samples), batch_size):
            yield self.batch(slice(start, start + batch_size))

    def batch(self, rows: slice | np.ndarray) -> Batch:
        """The samples in the given rows, with their labels and weights, None for what is absent."""
        label, weight = (
            None if column is None else column[rows] for column in (self.y, self.sample_weight)
        )
        return self.read(rows), label, weight

    def read(self, rows: slice | np.ndarray) -> np.ndarray:
        """The samples in the given rows."""
        if isinstance(rows, slice):
            return self.x[rows]
        found = aligned((len(rows), *self.x.shape[1:]), self.x.dtype)
        # Of narrow rows `take` copies four times as many in the same time as `x[rows]`, unless it
        # has to be ready for an error: the rows are there.
        return np.take(self.x, rows, axis=0, out=found, mode="clip")

    def input_shape(self):
        return self.x.shape[1:]

    @property
    def may_have_labels(self):
        return self.y is not None

    def subset(self, count, batch_size, steps=None):
        rows = np.linspace(0, self.num_samples - 1, min(count, self.num_samples)).astype(int)
        return self.read(rows)

    def epoch_order(
        self, batch_size: int, shuffle: bool, seed: int, steps: int | None
    ) -> SampleOrder:
        """The order in which epochs visit the samples; see `EpochOrder`."""
        return EpochOrder(self.num_samples, batch_size, shuffle, seed, steps)

    def split_off_end(self, fraction: float) -> tuple[Source, np.ndarray | Rows]:
        """The first samples with their labels and weights, and the last ones.

        Args:
            fraction: Of the samples that are split off.
        """
        stop = int(self.num_samples * (1 - fraction))
        columns = (self.y, self.sample_weight)
        y, sample_weight = (None if column is None else column[:stop] for column in columns)
        return type(self)(self.x[:stop], y, sample_weight, self.dtype), self.x[stop:]

    def take(self, rows: np.ndarray) -> Source:
        """The samples at the given positions, with their labels and weights, as a source."""
        columns = (self.y, self.sample_weight)
        y, sample_weight = (None if column is None else column[rows] for column in columns)
        return type(self)(self.x[rows], y, sample_weight, self.dtype)

    def holds_copies_of_one_sample(self) -> bool:
        """Whether all samples are equal."""
        first = self.read(slice(0, 1))
        return all((x == first).all() for x, _, _ in self.batches(self.rows_at_once))

    def _as_samples(self, x: Any) -> Any:
        return as_samples(x, dtype=self.dtype)

    def _most_read_at_once(self) -> int:
        return VALUES_PER_CALL // math.prod(self.x.shape[1:])


class RowsSource(ArraySource):
    """Samples on disk, read (and checked) when their batch is due."""

    in_memory = False

    def _as_samples(self, x: Any) -> Rows:
        return check_shape("x", as_rows(x))

    def _most_read_at_once(self):
        return 1

    def read(self, rows):
        batch = to_numpy("x", np.asarray(self.x[rows]), self.dtype)
        is_slice = isinstance(rows, slice)
        check_finite("x", batch, positions=range(self.num_samples)[rows] if is_slice else rows)
        return batch


class TensorFlowSource(Source):
    """A `tf.data.Dataset` of batches."""

    may_change_between_passes = True

    def __init__(self, dataset: Any, dtype: str = "float32"):
        self.dataset = dataset
        self.dtype = dtype
        self.endless = int(dataset.cardinality()) == -1

    def batches(self, batch_size, steps=None):
        self.check_bounded(steps)
        elements = self.dataset if steps is None else self.dataset.take(steps)
        for number, element in enumerate(elements):
            yield checked_batch(element, number, self.dtype)


class PyDatasetSource(Source):
    """A `keras.utils.PyDataset` of batches."""

    has_numbered_batches = True

    def __init__(self, dataset: keras.utils.PyDataset, dtype: str = "float32"):
        self.dataset = dataset
        self.dtype = dtype
        self.num_batches = getattr(dataset, "num_batches", None)
        self.endless = self.num_batches is None

    def batches(self, batch_size, steps=None):
        self.check_bounded(steps)
        count = self.num_batches if steps is None else steps
        if self.num_batches is not None:
            count = min(count, self.num_batches)
        for number in range(count):
            yield checked_batch(self.dataset[number], number, self.dtype)


class IterableSource(PyDatasetSource):
    """An iterable of batches, such as a `DataLoader` of torch."""

    may_change_between_passes = True
    orders_itself = True

    def __init__(self, batches: Any, dtype: str = "float32"):
        super().__init__(iterables.IteratedBatches(batches), dtype)
        self._iterable = batches

    def batches(self, batch_size, steps=None):
        self.check_bounded(steps)
        yield from iterables.batches_of(self._iterable, steps, self.dtype)
