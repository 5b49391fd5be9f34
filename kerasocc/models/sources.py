"""What users pass as data, behind one face: arrays, `Rows`, `tf.data.Dataset`, `PyDataset`."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import keras
import numpy as np

from kerasocc.datasets.storage.rows import ROWS_AT_ONCE, Rows, as_rows, is_lazy, rows_in_flight
from kerasocc.models.tensors import aligned

Batch = tuple[np.ndarray, np.ndarray | None, np.ndarray | None]

VALUES_PER_CALL = 2**21
"""Numbers that a call of a compiled pass gets of an array in memory, which it copies."""


def as_source(x: Any, y: Any = None, sample_weight: Any = None) -> Source:
    """Wrap the user's data.

    Args:
        x: Array or tensor of shape `(samples, ...)`, held in memory; `Rows` or a
            memory-mapped array, read batch by batch; a `tf.data.Dataset` or a
            `keras.utils.PyDataset` of batches `x`, `(x, y)` or
            `(x, y, sample_weight)`.
        y: Labels, shape `(samples,)`; only with an array `x`.
        sample_weight: Weights, shape `(samples,)`; only with an array `x`.

    Raises:
        ValueError: If the data are empty, not numbers, not finite or do not fit
            together.
    """
    if x is None:
        raise ValueError("`x` must hold the samples. Received: x=None")
    if isinstance(x, Source):
        return x
    is_dataset = _is_tf_dataset(x)
    if is_dataset or isinstance(x, keras.utils.PyDataset):
        if y is not None or sample_weight is not None:
            raise ValueError(
                "`y` and `sample_weight` must be part of the batches when `x` is a "
                f"dataset. Received: x of type {type(x).__name__} and separate labels "
                "or weights"
            )
        return TensorFlowSource(x) if is_dataset else PyDatasetSource(x)
    if hasattr(x, "__next__") or isinstance(x, (dict, str)):
        raise ValueError(
            "`x` must be an array, a tensor, a `tf.data.Dataset` or a "
            f"`keras.utils.PyDataset`. Received: x of type {type(x).__name__}"
        )
    return (RowsSource if is_lazy(x) else ArraySource)(x, y, sample_weight)


class Source:
    """Samples that can be read, batch by batch and in stored order, again and again."""

    num_samples: int | None = None
    """Number of samples, where it is known without reading them."""
    endless = False
    """Whether a pass over the source needs a number of steps to come to an end."""
    rows_at_once = ROWS_AT_ONCE
    """Samples that a pass puts through a model at once, unless the source has batches."""
    rows_read_at_once = 1
    """Samples that a pass may read at once beyond that: what is in memory costs nothing."""

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


class ArraySource(Source):
    """Arrays, held once as float32 (or as they came if they are uint8)."""

    def __init__(self, x: Any, y: Any = None, sample_weight: Any = None):
        self.x = self._as_samples(x)
        self.num_samples = len(self.x)
        self.rows_at_once = rows_in_flight(self.x.shape[1:])
        self.rows_read_at_once = self._most_read_at_once()
        self.y = None if y is None else _as_column("y", y, self.num_samples)
        self.sample_weight = None
        if sample_weight is not None:
            weights = _as_column("sample_weight", sample_weight, self.num_samples)
            self.sample_weight = weights.astype("float32")

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

    def holds_copies_of_one_sample(self) -> bool:
        """Whether all samples are equal."""
        first = self.read(slice(0, 1))
        return all((x == first).all() for x, _, _ in self.batches(self.rows_at_once))

    def _as_samples(self, x: Any) -> Any:
        return as_samples(x)

    def _most_read_at_once(self) -> int:
        return VALUES_PER_CALL // math.prod(self.x.shape[1:])


class RowsSource(ArraySource):
    """Samples on disk, read (and checked) when their batch is due."""

    def _as_samples(self, x: Any) -> Rows:
        return check_shape("x", as_rows(x))

    def _most_read_at_once(self):
        return 1

    def read(self, rows):
        batch = _to_numpy("x", np.asarray(self.x[rows]))
        is_slice = isinstance(rows, slice)
        check_finite("x", batch, positions=range(self.num_samples)[rows] if is_slice else rows)
        return batch


class TensorFlowSource(Source):
    """A `tf.data.Dataset` of batches."""

    def __init__(self, dataset: Any):
        self.dataset = dataset
        self.endless = int(dataset.cardinality()) == -1

    def batches(self, batch_size, steps=None):
        self.check_bounded(steps)
        elements = self.dataset if steps is None else self.dataset.take(steps)
        for number, element in enumerate(elements):
            yield _checked_batch(element, number)


class PyDatasetSource(Source):
    """A `keras.utils.PyDataset` of batches."""

    def __init__(self, dataset: keras.utils.PyDataset):
        self.dataset = dataset
        self.num_batches = getattr(dataset, "num_batches", None)
        self.endless = self.num_batches is None

    def batches(self, batch_size, steps=None):
        self.check_bounded(steps)
        count = self.num_batches if steps is None else steps
        if self.num_batches is not None:
            count = min(count, self.num_batches)
        for number in range(count):
            yield _checked_batch(self.dataset[number], number)


def as_samples(x: Any, name: str = "x") -> np.ndarray:
    """Convert to a finite array of shape `(samples, ...)`, float32 or uint8.

    Raises:
        ValueError: If `x` is empty, has no feature axis, holds anything but
            numbers, or holds NaN or infinity.
    """
    samples = check_shape(name, _to_numpy(name, x))
    check_finite(name, samples)
    return samples


def check_shape(name: str, samples: Any) -> Any:
    """Return samples that are some and have a feature axis."""
    if samples.ndim < 2:
        raise ValueError(
            f"`{name}` must have shape (samples, ...) with at least one feature axis. "
            f"Received: shape {samples.shape}"
        )
    if 0 in samples.shape:
        raise ValueError(f"`{name}` must hold at least one sample. Received: shape {samples.shape}")
    return samples


def check_finite(name: str, values: np.ndarray, where: str = "", positions: Any = None) -> None:
    """Raise `ValueError` naming the first row that holds NaN or infinity.

    Args:
        name: Of the argument.
        values: Shape `(rows, ...)`.
        where: What the rows are counted in, for the message.
        positions: What their indices are, if not 0, 1, ...
    """
    if values.dtype.kind != "f":
        return
    # The sum is finite far more cheaply than every element is looked at; it may
    # overflow on finite data, so only its failure leads to the full check.
    with np.errstate(over="ignore", invalid="ignore"):
        if np.isfinite(np.sum(values)):
            return
    bad = ~np.isfinite(values.reshape(len(values), -1)).all(axis=1)
    if bad.any():
        first = int(bad.argmax())
        raise ValueError(
            f"`{name}` must be finite. Received: NaN or infinity in {int(bad.sum())} "
            f"of {len(values)} samples, the first at index "
            f"{first if positions is None else int(positions[first])}{where}"
        )


def unpack(element: Any) -> tuple[Any, Any, Any]:
    """Split a batch into `(x, y, sample_weight)`, None for what is absent."""
    if not isinstance(element, (tuple, list)):
        element = (element,)
    if not 1 <= len(element) <= 3 or isinstance(element[0], (dict, tuple, list)):
        raise ValueError(
            "A batch must be `x`, `(x, y)` or `(x, y, sample_weight)` with a single "
            f"input tensor. Received: a structure of length {len(element)} whose first "
            f"element is of type {type(element[0]).__name__}"
        )
    return (*element, None, None)[:3]


def _to_numpy(name: str, values: Any) -> np.ndarray:
    values = np.asarray(
        keras.ops.convert_to_numpy(values) if keras.ops.is_tensor(values) else values
    )
    if values.dtype == "uint8":
        return values
    if values.dtype.kind not in "biuf":
        raise ValueError(f"`{name}` must hold numbers. Received: an array of dtype {values.dtype}")
    with np.errstate(over="ignore"):
        return np.ascontiguousarray(values, dtype="float32")


def _as_column(name: str, values: Any, num_samples: int) -> np.ndarray:
    values = _to_numpy(name, values)
    if values.size != num_samples:
        raise ValueError(
            f"`{name}` must hold one value per sample: {num_samples} values expected. "
            f"Received: shape {values.shape}"
        )
    values = values.reshape(num_samples)
    check_finite(name, values)
    return values


def _checked_batch(element: Any, number: int) -> Batch:
    x, y, sample_weight = unpack(element)
    x = _to_numpy("x", x)
    if x.ndim < 2 or x.size == 0:
        raise ValueError(
            "Every batch of `x` must have shape (batch, ...) and hold samples. "
            f"Received: shape {x.shape} in batch {number}"
        )
    check_finite("x", x, f" of batch {number}")
    return (
        x,
        None if y is None else _as_column("y", y, len(x)),
        None if sample_weight is None else _as_column("sample_weight", sample_weight, len(x)),
    )


def _is_tf_dataset(x: Any) -> bool:
    return any(
        cls.__name__ == "DatasetV2" and cls.__module__.startswith("tensorflow.")
        for cls in type(x).__mro__
    )
