"""Scores of several models on one scale, by the scores of reference samples."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from kerasocc.state import add_state

QUANTILES = 257
"""Points of a stored distribution function."""
_FLOOR = 1e-6
"""Smallest score that a logarithm is taken of, relative to the median."""


class LogMedianScale(keras.layers.Layer):
    """Subtract the median of the logarithms and divide by their spread.

    The spread is the interquartile range divided by 1.349, which is the standard deviation of a
    normal distribution. Where reference scores are negative, as those of OC-NN and of the soft
    boundary are, the scores themselves take the place of their logarithms.

    Args:
        members: Number of models.
    """

    def __init__(self, members: int):
        super().__init__(dtype="float32", name="scale")
        shape = (members,)
        self.takes_logarithm = add_state(self, "takes_logarithm", shape)
        self.floor = add_state(self, "floor", shape, initial=1.0)
        self.location = add_state(self, "location", shape)
        self.spread = add_state(self, "spread", shape, initial=1.0)
        self.built = True

    def adapt(self, references: Sequence[np.ndarray]) -> None:
        """Set the scales.

        Args:
            references: Scores of reference samples, shape `(samples,)`, for every model.
        """
        found = [_log_median_of(np.float64(scores)) for scores in references]
        weights = (self.takes_logarithm, self.floor, self.location, self.spread)
        for weight, values in zip(weights, zip(*found, strict=True), strict=True):
            weight.assign(np.float32(values))

    def call(self, scores: Any) -> Any:
        """Standardize scores of shape `(batch, members)`."""
        logarithms = ops.log(ops.maximum(scores, self.floor))
        values = ops.where(self.takes_logarithm > 0.5, logarithms, scores)
        return (values - self.location) / self.spread


def _log_median_of(scores: np.ndarray) -> tuple[float, float, float, float]:
    """Whether logarithms are taken (1 or 0), floor, location and spread for a model."""
    takes_logarithm = scores.min() >= 0 and np.median(scores) > 0
    floor = _FLOOR * np.median(scores) if takes_logarithm else 1.0
    values = np.log(np.maximum(scores, floor)) if takes_logarithm else scores
    lower, median, upper = np.quantile(values, (0.25, 0.5, 0.75))
    # Half of the samples may have equal scores, or all.
    spreads = ((upper - lower) / 1.349, values.std(), 1.0)
    spread = next(s for s in spreads if s > 1e-6 * max(np.abs(values).max(), 1e-30))
    return float(takes_logarithm), float(floor), float(median), float(spread)


class RankScale(keras.layers.Layer):
    """Share of the reference scores that are smaller, in [0, 1].

    Of the reference scores quantiles are stored, between which the share is interpolated. All
    scores above the largest reference score become 1, however large they are.

    Args:
        members: Number of models.
    """

    def __init__(self, members: int):
        super().__init__(dtype="float32", name="scale")
        self.quantiles = add_state(self, "quantiles", (members, QUANTILES))
        self.samples = add_state(self, "samples", (members,), initial=1.0)
        self.built = True

    def adapt(self, references: Sequence[np.ndarray]) -> None:
        """Set the scales, as `LogMedianScale.adapt`."""
        levels = np.linspace(0.0, 1.0, QUANTILES)
        self.quantiles.assign(np.float32([np.quantile(s, levels) for s in references]))
        self.samples.assign(np.float32([len(s) for s in references]))

    def call(self, scores: Any) -> Any:
        """Standardize scores of shape `(batch, members)`."""
        shares = [self._share_below(scores, member) for member in range(scores.shape[-1])]
        return ops.stack(shares, axis=-1)

    def _share_below(self, scores: Any, member: int) -> Any:
        scores, quantiles = scores[:, member : member + 1], self.quantiles[member]
        lower, upper = quantiles[:-1], quantiles[1:]
        width = upper - lower
        inside = (scores - lower) / ops.where(width > 0, width, 1.0)
        # Equal quantiles are a step: the scores that equal them are not above it.
        step = ops.cast(scores > lower, "float32")
        return ops.mean(ops.where(width > 0, ops.clip(inside, 0.0, 1.0), step), axis=-1)


class TailScale(RankScale):
    """Minus the logarithm of the empirical tail probability.

    With `F` the share of `RankScale` among `n` reference scores it is
    `-log((1 + n (1 - F)) / (n + 1))`, in [0, log(n + 1)].
    """

    def call(self, scores: Any) -> Any:
        above = 1.0 + self.samples * (1.0 - super().call(scores))
        return -ops.log(above / (1.0 + self.samples))


SCALES: dict[str, type[keras.layers.Layer]] = {
    "log-median": LogMedianScale,
    "tail": TailScale,
    "rank": RankScale,
}
