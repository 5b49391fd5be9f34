"""The source for whatever the user gives as samples."""

from __future__ import annotations

import inspect
from typing import Any

import keras
import numpy as np

from kerasocc.datasets.storage.rows import is_lazy
from kerasocc.datasets.storage.sparse import dense, is_sparse
from kerasocc.engine import iterables
from kerasocc.engine.keras_contract import is_tf_dataset
from kerasocc.engine.sources import (
    ArraySource,
    IterableSource,
    PyDatasetSource,
    RowsSource,
    Source,
    TensorFlowSource,
)


def as_source(
    x: Any, y: Any = None, sample_weight: Any = None, *, dtype: str = "float32"
) -> Source:
    """Wrap the user's data.

    Args:
        x: Array or tensor of shape `(samples, ...)`, held in memory; `Rows` or a memory-mapped
            array, read batch by batch; a sparse matrix of scipy, made dense (in parts if it is
            large); a `tf.data.Dataset` or a `keras.utils.PyDataset` of batches `x`, `(x, y)` or
            `(x, y, sample_weight)`; a generator of them, read to its end at once; or an iterable
            that gives them anew for every pass, such as a `DataLoader` of torch.
        y: Labels, shape `(samples,)`; only with an array `x`.
        sample_weight: Weights, shape `(samples,)`; only with an array `x`.
        dtype: Of the samples, unless they are uint8: the `sample_dtype` of the model.

    Raises:
        ValueError: If the data are empty, not numbers, not finite or do not fit together.
    """
    if type(x) is np.ndarray:  # telling the others takes longer than a score
        return ArraySource(x, y, sample_weight, dtype)
    if x is None:
        raise ValueError("`x` must hold the samples. Received: x=None")
    if isinstance(x, Source):
        return x
    x = dense(x) if is_sparse(x) else x
    is_dataset = is_tf_dataset(x)
    is_iterable = iterables.is_generator(x) or iterables.is_iterable_of_batches(x)
    if is_dataset or is_iterable or isinstance(x, keras.utils.PyDataset):
        if y is not None or sample_weight is not None:
            raise ValueError(
                "`y` and `sample_weight` must be part of the batches when `x` is a "
                f"dataset. Received: x of type {type(x).__name__} and separate labels "
                "or weights"
            )
        if iterables.is_generator(x):
            read = iterables.read_generator(x, dtype)
            source = as_source(read.x, read.y, read.sample_weight, dtype=dtype)
            source.batch_size = read.batch_size
            return source
        if is_dataset:
            return TensorFlowSource(x, dtype)
        is_py_dataset = isinstance(x, keras.utils.PyDataset)
        return (PyDatasetSource if is_py_dataset else IterableSource)(x, dtype)
    if isinstance(x, (dict, str)) or inspect.isroutine(x):
        raise ValueError(
            "`x` must be an array, a tensor, a `tf.data.Dataset`, a `keras.utils.PyDataset`, a "
            f"generator or a `DataLoader`. Received: x of type {type(x).__name__}"
        )
    return (RowsSource if is_lazy(x) else ArraySource)(x, y, sample_weight, dtype)
