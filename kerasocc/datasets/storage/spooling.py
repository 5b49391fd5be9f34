"""Samples from a stream of batches: in memory while they are few, else in a temporary file."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from kerasocc.datasets.storage.rows import Rows

MEMORY_LIMIT = 2**30
"""Default number of bytes that are held in memory."""


def spool(batches: Iterable[np.ndarray], limit: int | None = None) -> np.ndarray | Rows:
    """Concatenate batches, in memory or in a temporary file.

    The file has no name and is gone when the process ends, however it ends.

    Args:
        batches: At least one array of shape `(batch, ...)`; the first one sets the
            dtype and the shape of a sample.
        limit: Number of bytes beyond which a file is used, default `MEMORY_LIMIT`.

    Returns:
        An array of shape `(samples, ...)`, or a view of the file.

    Raises:
        ValueError: If samples differ in shape, or there are none.
        OSError: If the disk is full.
    """
    limit = MEMORY_LIMIT if limit is None else limit
    held: list[np.ndarray] = []
    size = 0
    checked = _with_one_shape(batches)
    for batch in checked:
        held.append(batch)
        size += batch.nbytes
        if size > limit:
            return _on_disk(held, checked)
    if not held:
        raise ValueError("There must be at least one sample. Received: none")
    return np.concatenate(held)


def _with_one_shape(batches: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
    first: Any = None
    count = 0
    for batch in batches:
        first = batch[:0] if first is None else first
        if batch.shape[1:] != first.shape[1:]:
            raise ValueError(
                "All samples must have one shape. Received: "
                f"{first.shape[1:]}, and {batch.shape[1:]} from sample {count} on"
            )
        count += len(batch)
        yield batch.astype(first.dtype, copy=False)


def _on_disk(held: list[np.ndarray], rest: Iterator[np.ndarray]) -> Rows:
    dtype, shape = held[0].dtype, held[0].shape[1:]
    file = tempfile.TemporaryFile()
    samples = 0

    def write(batch: np.ndarray) -> int:
        file.write(np.ascontiguousarray(batch).data)
        return len(batch)

    try:
        while held:
            samples += write(held.pop(0))
        for batch in rest:
            samples += write(batch)
        file.flush()
    except OSError as error:
        file.close()
        raise OSError(
            error.errno,
            f"{error.strerror} while more than {samples} samples were written to a temporary "
            "file; TMPDIR chooses another folder",
            tempfile.gettempdir(),
        ) from error
    with file:  # the memory map keeps a descriptor of its own
        return Rows(np.memmap(file, dtype=dtype, mode="r", shape=(samples, *shape)))
