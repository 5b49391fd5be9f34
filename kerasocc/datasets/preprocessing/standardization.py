"""Keras layer that standardises columns: mean 0, standard deviation 1."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import keras
import numpy as np
from keras import ops

from kerasocc.datasets.storage.rows import as_rows, chunks, rows_at_once
from kerasocc.state import add_state


@keras.saving.register_keras_serializable(package="kerasocc")
class Standardization(keras.layers.Layer):
    """Subtract each column's mean and divide by its standard deviation.

    A constant column becomes 0; new values in it are centered and not scaled.
    `keras.layers.Normalization` divides by 1e-7 there, which turns rounding errors into
    values near 1.

    Args:
        name: Name of the layer.
    """

    def __init__(self, *, name: str | None = None):
        super().__init__(name=name, dtype="float32")

    def build(self, input_shape: Any) -> None:
        shape = (input_shape[-1],)
        # NaN until it is adapted, so that nothing can be standardised by mistake.
        self.mean = add_state(self, "mean", shape, initial=math.nan)
        self.deviation = add_state(self, "deviation", shape, initial=1.0)

    @property
    def is_adapted(self) -> bool:
        """Whether mean and deviation have been set."""
        return self.built and not np.isnan(ops.convert_to_numpy(self.mean)).any()

    def adapt(self, x: Any) -> None:
        """Set mean and deviation from an array or `Rows` of shape `(samples, columns)`."""
        x = as_rows(x)
        self.adapt_batches(chunks(x, rows_at_once(x.shape[1:])))

    def adapt_batches(self, batches: Iterable[np.ndarray]) -> None:
        """Set mean and deviation from batches of shape `(batch, columns)`, read once."""
        mean, deviation = moments(batches)
        if not self.built:
            self.build((None, *mean.shape))
            self.built = True
        deviation = np.float32(deviation)
        self.mean.assign(np.float32(mean))
        self.deviation.assign(np.where(deviation > 0, deviation, 1.0))

    def call(self, x: Any) -> Any:
        """Standardise samples of shape `(batch, columns)`."""
        return (ops.cast(x, "float32") - self.mean) / self.deviation

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape

    def get_config(self) -> dict[str, Any]:
        return {"name": self.name}


def moments(batches: Iterable[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Compute mean and standard deviation of every column (population formula) in float64.

    Args:
        batches: At least one array of shape `(batch, columns)`, read once.

    Returns:
        Both of shape `(columns,)`; the deviation of a constant column is exactly 0.
    """
    first, count, total, squares = None, 0, 0.0, 0.0
    for batch in batches:
        # Differences from a row of the data lose no precision to a large mean, and are exactly 0
        # in a constant column.
        first = batch[0].astype("float64") if first is None else first
        difference = batch - first
        count += len(batch)
        total = total + difference.sum(axis=0)
        squares = squares + (difference**2).sum(axis=0)
    if first is None:
        raise ValueError("There must be at least one sample. Received: none")
    mean = total / count
    return first + mean, np.sqrt(np.maximum(squares / count - mean**2, 0.0))
