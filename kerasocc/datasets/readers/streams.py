"""A `tf.data.Dataset` or `PyDataset` of samples and classes, read once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from kerasocc.datasets.pool import Pool
from kerasocc.datasets.storage.spooling import spool


def is_stream(source: Any) -> bool:
    """Return whether `source` is a `tf.data.Dataset` or a `keras.utils.PyDataset`."""
    return hasattr(source, "as_numpy_iterator") or _is_py_dataset(source)


def read_stream(source: Any) -> Pool:
    """Read all samples and classes of a dataset.

    Args:
        source: A dataset of pairs `(x, class)`, single samples or batches; a
            `PyDataset` of batches.

    Returns:
        Samples of shape `(samples, ...)`, on disk if they do not fit into memory, and
        their classes.

    Raises:
        ValueError: If the dataset is infinite or empty, has no classes, or its samples
            differ in shape.
    """
    classes: list[np.ndarray] = []

    def samples() -> Iterator[np.ndarray]:
        for x, values in _elements(source):
            values = np.asarray(values)
            if values.ndim == 0:
                x, values = np.asarray(x)[None], values[None]
            x = np.asarray(x)
            if values.shape not in ((len(x),), (len(x), 1)):
                raise ValueError(
                    "`source` must hold one class per sample. Received: samples of shape "
                    f"{x.shape} with classes of shape {values.shape}"
                )
            classes.append(_decoded(values.reshape(-1)))
            yield x

    x = spool(samples())
    return Pool(x, np.concatenate(classes))


def _elements(source: Any) -> Iterator[tuple[Any, Any]]:
    if _is_py_dataset(source):
        count = source.num_batches
        elements = (source[number] for number in range(count or 0))
    else:
        count = None if int(source.cardinality()) == -1 else 0
        elements = source.as_numpy_iterator()
    if count is None:
        raise ValueError("`source` must come to an end to be cut into parts. Received: endless")
    for element in elements:
        if not isinstance(element, (tuple, list)) or len(element) != 2:
            raise ValueError(
                "`source` must be a dataset of pairs `(x, class)`. Received: elements of type "
                f"{type(element).__name__}"
            )
        yield element


def _decoded(values: np.ndarray) -> np.ndarray:
    """Decode classes that TensorFlow returns as bytes."""
    if values.dtype.kind not in "OS":
        return values
    return np.array([v.decode() if isinstance(v, bytes) else v for v in values.tolist()])


def _is_py_dataset(source: Any) -> bool:
    import keras

    return isinstance(source, keras.utils.PyDataset)
