"""The noise `N` of the training set: beside a model, no part of its weights."""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterator
from typing import Any

import keras
import numpy as np

from kerasocc.datasets.storage.rows import chunks, rows_at_once
from kerasocc.engine.positions import ORDER, check_order, fingerprint
from kerasocc.engine.sources import Source
from kerasocc.losses.sparsity import (
    FAR_REACH,
    REACH,
    feature_squares,
    norm_and_nonzero_share,
    sample_norms,
    shrinkage,
    upper_fence,
)

MOST_ENTRIES = 2**22
"""How many entries `lam` is chosen from."""
EVERYTHING = [-math.inf, math.inf]
"""The range of values of a model without training samples."""


def twice(ranges: np.ndarray) -> list[float]:
    """The range of all samples, made twice as wide, from those of each, shape `(samples, 2)`."""
    lowest, highest = ranges[:, 0].min(), ranges[:, 1].max()
    slack = (highest - lowest) / 2
    return [lowest - slack, highest + slack]


class TrainingNoise:
    """`N` of one training set, what it was computed from, and its proximal step.

    Args:
        model: A `RobustAutoencoder`.

    Attributes:
        values: `N`, shape `(samples, ...)`, float32, in stored order; None where it
            is 0 because no update has been made.
        epoch: Number of epochs that the weights had been trained for when it was
            computed, or None.
        shape: Its shape for the present training set.
        fingerprint: Of the training set: eight hexadecimal digits.
        replaced: Whether the running fit has other data than the one before.
        norm: `||N||` of the model's norm.
        share: Fraction of the entries or groups that are not 0.
    """

    def __init__(self, model: Any):
        self._model = model
        self.shape: tuple[int, ...] = ()
        self.fingerprint = ""
        self.replaced = False
        self.clear()

    def clear(self) -> None:
        """Set `N` to 0."""
        self.values: np.ndarray | None = None
        self.epoch: int | None = None
        self.norm = self.share = 0.0

    def begin(self, source: Source) -> None:
        """Look at the data of a fit, and forget the noise of others.

        Raises:
            ValueError: If the positions of the samples differ from pass to pass.
        """
        found, shape = check_order(source)
        self.replaced = self.values is not None and self.fingerprint != found
        if self.replaced:
            self.clear()
        self.fingerprint, self.shape = found, shape

    def noise_at(self, index: np.ndarray) -> np.ndarray:
        """Noise of the samples at positions `(batch,)`, shape `(batch, ...)`, float32."""
        if np.any(index >= self.shape[0]):
            raise ValueError(
                f"`x` must hold the same samples at every pass. Received: {self.shape[0]} "
                f"samples before the training, and one at position {index.max()} in it"
            )
        if self.values is None:
            return np.zeros((len(index), *self.shape[1:]), "float32")
        return np.asarray(self.values[index])

    def step(self, source: Source, into: np.ndarray) -> None:
        """Write the proximal step from the present `N` into an array of its shape.

        Raises:
            ValueError: If the data are not those that `begin` saw.
            FloatingPointError: If the residuals are not finite.
        """
        model, squares = self._model, np.zeros(())
        by_feature = model.norm == "l21" and model.groups == "features"
        # What a residual is compared with may be known only when all of them are.
        at_end = by_feature or model.chooses_lam
        for noise in self._computed(source, into, "residual_of" if at_end else "noise_of"):
            squares = squares + feature_squares(noise) if by_feature else squares
        if not at_end:
            return
        norms = np.sqrt(squares).astype("float32")
        if model.chooses_lam:
            reach = FAR_REACH if model.norm == "l21" else REACH
            fence = upper_fence(norms if by_feature else self._sizes(into), reach)
            model.chosen_lam.assign(2.0 * fence)
        threshold = model.lam_used / 2
        if by_feature:
            factors = keras.ops.convert_to_numpy(shrinkage(norms, threshold))
            model.feature_shrinkage.assign(factors)
        for chunk in self._chunks(into):
            if by_feature:
                chunk *= factors
            else:
                chunk[...] = keras.ops.convert_to_numpy(model.proximal(chunk, threshold))

    def _sizes(self, residuals: np.ndarray) -> np.ndarray:
        """Norms of the samples, or absolute values of entries, of every so many-th sample."""
        if self._model.norm == "l21":
            return self._norms_of(residuals)
        return np.abs(residuals[:: -(-residuals.size // MOST_ENTRIES)])

    def _computed(self, source: Source, into: np.ndarray, method: str) -> Iterator[np.ndarray]:
        """Write what a method makes of the samples and the present `N`, and yield it."""
        read, checksum = 0, 0
        for x in _rejoined(source, rows_at_once(self.shape[1:])):
            checksum = zlib.crc32(x, checksum)
            rows = slice(read, read + len(x))
            read = rows.stop
            if read > self.shape[0]:
                break
            noise = self.noise_at(np.arange(rows.start, rows.stop))
            noise = self._model.map_noise(method, x, noise)
            if not np.isfinite(noise.sum(dtype="float64")):
                raise FloatingPointError(
                    "The residuals of the training samples are not finite: the training "
                    "diverged. Lower the learning rate and scale the inputs."
                )
            into[rows] = noise
            yield noise
        if fingerprint(checksum, (read, *self.shape[1:])) != self.fingerprint:
            raise ValueError(ORDER)

    def set(self, values: np.ndarray, epoch: int) -> None:
        """Make `values` the noise of the training set.

        Args:
            values: Shape `shape`, float32.
            epoch: Epochs that the weights it belongs to have been trained for.
        """
        self.norm, self.share = norm_and_nonzero_share(
            self._chunks(values), norm=self._model.norm, groups=self._model.groups
        )
        self.values, self.epoch = values, epoch

    def sample_norms(self) -> np.ndarray:
        """`||n_i||_2`, shape `(samples,)`, float32."""
        return self._norms_of(self.values).astype("float32")

    def _norms_of(self, values: np.ndarray) -> np.ndarray:
        return np.concatenate([sample_norms(chunk) for chunk in self._chunks(values)])

    @staticmethod
    def _chunks(values: np.ndarray) -> Iterator[np.ndarray]:
        return chunks(values, rows_at_once(values.shape[1:]))


def _rejoined(source: Source, size: int) -> Iterator[np.ndarray]:
    """The samples in stored order, `size` at a time whatever the batches of a dataset are.

    Batches of another size round differently, and a dataset is to give the noise that
    the same samples as an array give.
    """
    held: list[np.ndarray] = []
    for x, _, _ in source.batches(size):
        held.append(x)
        while sum(map(len, held)) >= size:
            joined = held[0] if len(held) == 1 else np.concatenate(held)
            yield np.ascontiguousarray(joined[:size])
            held = [joined[size:]] if len(joined) > size else []
    if held:
        yield np.concatenate(held)
