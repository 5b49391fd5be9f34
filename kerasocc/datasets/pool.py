"""Samples with their classes, and their stratified split."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kerasocc.datasets.storage.rows import Rows

TEST_FRACTION = 0.4
"""Default test fraction of sources without an official test part."""


@dataclass(frozen=True)
class Pool:
    """Samples with their classes.

    Attributes:
        x: Shape `(samples, ...)`.
        classes: Shape `(samples,)`.
    """

    x: np.ndarray | Rows
    classes: np.ndarray

    def take(self, rows: np.ndarray) -> Pool:
        """Return the given rows, indices or a mask of shape `(samples,)`."""
        return Pool(self.x[rows], self.classes[rows])


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
