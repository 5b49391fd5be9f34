"""Keras layer that standardises columns: mean 0, standard deviation 1."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import keras
import numpy as np

from kerasocc.datasets.preprocessing.offsets import (
    Offset,
    OffsetLayer,
    Precision,
    build_to_adapt,
)
from kerasocc.datasets.storage.rows import as_rows, chunks
from kerasocc.state import add_state


@keras.saving.register_keras_serializable(package="kerasocc")
class Standardization(OffsetLayer):
    """Subtract each column's mean and divide by its standard deviation.

    A constant column becomes 0; new values in it are centered and not scaled.
    `keras.layers.Normalization` divides by 1e-7 there, which turns rounding errors into
    values near 1.

    Args:
        precise: Whether samples are float64 and the mean is subtracted in float64; `adapt`
            finds it out, see `MinMaxScaling`.
        name: Name of the layer.
    """

    def build(self, input_shape: Any) -> None:
        shape = (input_shape[-1],)
        self._offset = Offset(self, "mean", shape, self.precise)
        self.mean = self._offset.high
        self.deviation = add_state(self, "deviation", shape, initial=1.0)

    def adapt(self, x: Any) -> None:
        """Set mean and deviation from an array or `Rows` of shape `(samples, columns)`."""
        x = as_rows(x)
        self.adapt_batches(chunks(x))

    def adapt_batches(self, batches: Iterable[np.ndarray]) -> None:
        """Set mean and deviation from batches of shape `(batch, columns)`, read once."""
        found = Precision()
        mean, deviation = moments(found.watching(batches))
        build_to_adapt(self, (None, *mean.shape), found.matters)
        deviation = np.float32(deviation)
        self._offset.assign(mean)
        self.deviation.assign(np.where(deviation > 0, deviation, 1.0))

    def call(self, x: Any) -> Any:
        """Standardise samples of shape `(batch, columns)`."""
        return self._offset.subtracted_from(x) / self.deviation


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
