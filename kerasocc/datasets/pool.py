"""Samples with their classes, and their stratified split."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kerasocc.datasets.storage.rows import Rows

TEST_FRACTION = 0.4
"""Default test fraction of sources without an official test part."""
NORMAL_TEST_FRACTION = 0.2
"""The same where all samples are of one class: there is no ranking to be measured, so that more
of them train."""
VALIDATION_FRACTION = 0.2
"""Fraction of the training part that is held out by default in a run."""


PARTS = ("train", "val", "test")
"""The parts of a data set, as they are named in `OneClassDataset`."""


@dataclass(frozen=True)
class Pool:
    """Samples with their classes.

    Attributes:
        x: Shape `(samples, ...)`.
        classes: Shape `(samples,)`.
        names: What the samples are called, shape `(samples,)`: row numbers, or paths of
            files as text; None if they have no names.
    """

    x: np.ndarray | Rows
    classes: np.ndarray
    names: np.ndarray | None = None

    def take(self, rows: np.ndarray) -> Pool:
        """Return the given rows, indices or a mask of shape `(samples,)`."""
        names = None if self.names is None else self.names[rows]
        return Pool(self.x[rows], self.classes[rows], names)


def default_test_fraction(classes: np.ndarray) -> float:
    """Return the default fraction of the test part of samples with classes, `(samples,)`."""
    return TEST_FRACTION if len(np.unique(classes)) > 1 else NORMAL_TEST_FRACTION


def stratified_split(
    pool: Pool, fraction: float, generator: np.random.Generator
) -> tuple[Pool, Pool]:
    """Split a pool in two, every class in the same proportion.

    Args:
        pool: The samples.
        fraction: Fraction of the samples in the second part.
        generator: Draws the samples of the second part.

    Returns:
        First and second part, their rows in the order of the pool.
    """
    second = np.zeros(len(pool.classes), dtype=bool)
    for value in np.unique(pool.classes):
        rows = np.flatnonzero(pool.classes == value)
        count = round(fraction * len(rows))
        second[generator.permutation(rows)[:count]] = True
    return pool.take(~second), pool.take(second)
