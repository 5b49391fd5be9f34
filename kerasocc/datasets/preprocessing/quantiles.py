"""Keras layers that scale columns by their quantiles: robustly, and to normal scores."""

from __future__ import annotations

import statistics
from typing import Any

import keras
import numpy as np
from keras import ops

from kerasocc.datasets.preprocessing.offsets import Offset, OffsetLayer, build_to_adapt
from kerasocc.datasets.storage.precision import loses_in_float32
from kerasocc.datasets.storage.rows import as_rows
from kerasocc.state import add_state

SAMPLES = 100_000
"""Rows at most, evenly spaced, that quantiles are computed from."""

_INTERVALS = 64


class _QuantileLayer(OffsetLayer):
    """A layer that subtracts the median of each column first."""

    def build(self, input_shape: Any) -> None:
        self._offset = Offset(self, "median", (input_shape[-1],), self.precise)
        self.median = self._offset.high

    def adapt(self, x: Any) -> None:
        """Adapt to an array or `Rows` of shape `(samples, columns)`."""
        rows = _evenly_spaced(x)
        build_to_adapt(self, (None, rows.shape[1]), loses_in_float32(rows))
        rows = rows.astype("float64")
        median = np.median(rows, axis=0)
        self._offset.assign(median)
        self._adapt_to_centered(rows - median)


@keras.saving.register_keras_serializable(package="kerasocc")
class RobustScaling(_QuantileLayer):
    """Subtract each column's median and divide by its interquartile range over 1.349.

    That is the standard deviation where a column is normally distributed, and a few extreme
    values do not change it. Where the quartiles are equal, the standard deviation takes its
    place; a constant column becomes 0.

    Args:
        precise: Whether samples are float64 and the median is subtracted in float64; `adapt`
            finds it out, see `MinMaxScaling`.
        name: Name of the layer.
    """

    def build(self, input_shape: Any) -> None:
        super().build(input_shape)
        self.spread = add_state(self, "spread", (input_shape[-1],), initial=1.0)

    def _adapt_to_centered(self, rows: np.ndarray) -> None:
        lower, upper = np.quantile(rows, (0.25, 0.75), axis=0)
        spread = (upper - lower) / 1.349
        self.spread.assign(np.where(_is_positive(spread, rows), spread, _deviations(rows)))

    def call(self, x: Any) -> Any:
        """Scale samples of shape `(batch, columns)`."""
        return self._offset.subtracted_from(x) / self.spread


@keras.saving.register_keras_serializable(package="kerasocc")
class QuantileScaling(_QuantileLayer):
    """Map each column so that the adapted data are normally distributed.

    A value becomes the quantile of the standard normal distribution at its own share of smaller
    values, interpolated between 65 quantiles of the column; equal values get their mean. Beyond
    the adapted values a column goes on linearly, in units of its standard deviation: values far
    outside stay far outside.

    Args:
        precise: Whether samples are float64 and the median is subtracted in float64; `adapt`
            finds it out, see `MinMaxScaling`.
        name: Name of the layer.

    Attributes:
        median: Median of each column, shape `(columns,)`.
        quantiles: Of the differences from it, shape `(65, columns)`.
        normal_scores: What they are mapped to, shape `(65, columns)`.
    """

    def build(self, input_shape: Any) -> None:
        super().build(input_shape)
        shape = (_INTERVALS + 1, input_shape[-1])
        self.quantiles = add_state(self, "quantiles", shape)
        self.normal_scores = add_state(self, "normal_scores", shape)
        self.deviation = add_state(self, "deviation", shape[1:], initial=1.0)

    def _adapt_to_centered(self, rows: np.ndarray) -> None:
        levels = np.linspace(0.0, 1.0, _INTERVALS + 1)
        quantiles = np.quantile(rows, levels, axis=0).astype("float32")
        # The extremes of n samples are not at probability 0 and 1.
        inside = np.clip(levels, 0.5 / len(rows), 1 - 0.5 / len(rows))
        inverse = statistics.NormalDist().inv_cdf
        scores = np.array([inverse(level) for level in inside])
        self.quantiles.assign(quantiles)
        self.normal_scores.assign(_mean_of_equals(quantiles, scores))
        self.deviation.assign(_deviations(rows))

    def call(self, x: Any) -> Any:
        """Map samples of shape `(batch, columns)`."""
        x = self._offset.subtracted_from(x)
        lower, upper = self.quantiles[:-1], self.quantiles[1:]
        steps = self.normal_scores[1:] - self.normal_scores[:-1]
        # Between equal quantiles the scores do not change.
        width = ops.where(upper > lower, upper - lower, 1.0)
        inside = ops.clip((x[:, None] - lower) / width, 0.0, 1.0)
        mapped = self.normal_scores[0] + ops.sum(steps * inside, axis=1)
        below, above = ops.minimum(x - lower[0], 0.0), ops.maximum(x - upper[-1], 0.0)
        return mapped + (below + above) / self.deviation


def _evenly_spaced(x: Any) -> np.ndarray:
    """At most `SAMPLES` rows."""
    rows = as_rows(x)
    step = -(-len(rows) // SAMPLES)
    return np.asarray(rows[np.arange(0, len(rows), step)])


def _is_positive(spread: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Which spreads of columns are more than rounding."""
    return spread > 1e-9 * np.abs(rows).max(axis=0)


def _deviations(rows: np.ndarray) -> np.ndarray:
    """Standard deviations of centered columns, 1 for a constant one."""
    deviation = rows.std(axis=0)
    return np.where(_is_positive(deviation, rows), deviation, 1.0)


def _mean_of_equals(quantiles: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """The score of every quantile, that of equal ones being their mean, shape of `quantiles`."""
    columns = []
    for column in quantiles.T:
        _, index, count = np.unique(column, return_inverse=True, return_counts=True)
        columns.append((np.bincount(index, scores) / count)[index])
    return np.stack(columns, axis=1)
