"""Batches from generators and from iterables such as the `DataLoader` of torch."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import keras
import numpy as np

from kerasocc.datasets.storage.rows import Rows
from kerasocc.datasets.storage.spooling import spool
from kerasocc.engine.sample_checks import Batch, checked_batch


def is_generator(x: Any) -> bool:
    """Whether `x` gives its batches once."""
    return hasattr(x, "__next__")


def is_iterable_of_batches(x: Any) -> bool:
    """Whether `x` gives its batches again and again, as a `DataLoader` of torch does.

    Lists and tuples are arrays, and so is all that NumPy can read.
    """
    is_array = isinstance(x, (list, tuple, dict, str, bytes)) or hasattr(x, "__array__")
    return hasattr(x, "__iter__") and not is_array and not hasattr(x, "shape")


def first_batches(x: Any, steps: int | None) -> Any:
    """A generator of at most so many batches; anything else as it is."""
    return itertools.islice(x, steps) if is_generator(x) and steps is not None else x


class GeneratedSamples(NamedTuple):
    """All samples of a generator, their labels and weights, and how many the first batch had."""

    x: np.ndarray | Rows
    y: np.ndarray | None
    sample_weight: np.ndarray | None
    batch_size: int


def read_generator(x: Iterator[Any], dtype: str = "float32") -> GeneratedSamples:
    """All that a generator gives, in a temporary file if the samples are many.

    Args:
        x: The generator.
        dtype: Of the samples.

    Raises:
        ValueError: If it gives nothing, or labels for some batches only.
    """
    columns: dict[str, list[Any]] = {"y": [], "sample_weight": []}
    sizes: list[int] = []

    def samples() -> Iterator[np.ndarray]:
        for number, element in enumerate(x):
            batch, *values = checked_batch(element, number, dtype)
            sizes.append(len(batch))
            for column, value in zip(columns.values(), values, strict=True):
                column.append(value)
            yield batch

    found = spool(samples())
    y, sample_weight = (_joined(name, values) for name, values in columns.items())
    return GeneratedSamples(found, y, sample_weight, sizes[0])


def _joined(name: str, values: list[Any]) -> np.ndarray | None:
    missing = sum(value is None for value in values)
    if missing not in (0, len(values)):
        raise ValueError(
            f"All batches of a generator must have `{name}`, or none. Received: {missing} of "
            f"{len(values)} batches without"
        )
    return None if missing else np.concatenate(values)


class IteratedBatches(keras.utils.PyDataset):
    """An iterable of batches as a `PyDataset` whose batches are asked for in their order.

    Args:
        batches: Gives its batches anew whenever it is iterated; `len` is their number.
    """

    def __init__(self, batches: Iterable[Any]):
        # One worker, in this process: it has to ask for the batches in their order.
        super().__init__(workers=1, use_multiprocessing=False)
        self._batches = batches
        self._iterator: Iterator[Any] = iter(())
        self._next = 0

    @property
    def num_batches(self) -> int | None:
        return len(self._batches) if hasattr(self._batches, "__len__") else None

    def __getitem__(self, number: int) -> Any:
        if number == 0 or number != self._next:
            self._iterator, self._next = iter(self._batches), 0
        for element in self._iterator:
            self._next += 1
            if self._next > number:
                return element
        raise ValueError(_too_few(self._next))


def batches_of(
    batches: Iterable[Any], steps: int | None, dtype: str = "float32"
) -> Iterator[Batch]:
    """Checked batches of one iteration, at most `steps` if given, else as many as there are.

    Args:
        batches: The iterable.
        steps: Most batches, or None.
        dtype: Of the samples.

    Raises:
        ValueError: If there are fewer than `len` says.
    """
    count = 0
    for element in itertools.islice(iter(batches), steps):
        yield checked_batch(element, count, dtype)
        count += 1
    if steps is None and count < len(batches):
        raise ValueError(_too_few(count))


def _too_few(count: int) -> str:
    return f"`x` must have as many batches as `len` says. Received: {count} batches"
