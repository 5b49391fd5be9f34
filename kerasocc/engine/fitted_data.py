"""Which samples a model was fitted on, to tell when a later fit has others."""

from __future__ import annotations

import math
import warnings
import zlib
from typing import Any

import keras
import numpy as np

from kerasocc.engine.model_protocols import TrainableModel
from kerasocc.engine.sources import Source

SAMPLES = 256
"""How many samples are compared."""
KINDS = ARRAYS, STREAM = 1, 2
CLEAR_DIFFERENCE = 10.0
"""Standard errors between the means of two streams, in whatever order they give their samples."""


def describe(source: Source, batch_size: int, steps: int | None) -> np.ndarray:
    """What is remembered of training samples.

    Args:
        source: The samples.
        batch_size: Of the batches in which they are read.
        steps: Number of batches to stop after.

    Returns:
        Shape `(5,)`, int32: the kind of the source; a checksum and the number of samples of
        arrays, 0 for datasets; the bits of mean and deviation, float32, of the means of their
        samples, 0 for arrays.
    """
    x = source.subset(SAMPLES, batch_size, steps)
    if source.has_random_access:
        checksum = 0
        for sample in x:  # Large images fill the memory once they are float32.
            checksum = zlib.crc32(np.ascontiguousarray(sample, "float32"), checksum)
        checksum = np.uint32(checksum).view("int32")
        return np.array([ARRAYS, checksum, source.num_samples % 2**31, 0, 0], "int32")
    means = x.reshape(len(x), -1).mean(axis=1, dtype="float64")
    bits = np.array([means.mean(), means.std()], "float32").view("int32")
    return np.array([STREAM, 0, 0, *bits], "int32")


def are_other_samples(known: np.ndarray, found: np.ndarray) -> bool:
    """Whether two descriptions tell of different samples, for sure.

    Arrays are the same or not. Datasets may be shuffled, so that only other values count.
    """
    if known[0] != found[0] or known[0] not in KINDS:
        return False
    if known[0] == ARRAYS:
        return not np.array_equal(known, found)
    means, deviations = np.stack([known[3:], found[3:]]).view("float32").astype("float64").T
    error = math.sqrt((deviations**2).sum() / SAMPLES)
    return abs(means[0] - means[1]) > CLEAR_DIFFERENCE * error + 1e-6 * abs(means).max()


def note_fitted_data(model: TrainableModel, run: Any) -> None:
    """Remember the samples of a fit, and warn where state of others stays in use.

    Args:
        model: The model, before its `initialize`.
        run: Its running `fit`.
    """
    found = describe(run.source, run.batch_size, run.bound)
    known = keras.ops.convert_to_numpy(model.fitted_on)
    kept = model.kept_state() if are_other_samples(known, found) else []
    if kept:
        warnings.warn(
            f"`x` holds other samples than the `fit` of {model.name} before, whose "
            f"{' and '.join(kept)} stay in use. Call `reset()` before `fit` to forget what was "
            "taken from the other samples (the weights stay), and `calibrate` after it.",
            stacklevel=4,
        )
    model.fitted_on.assign(found)
