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
        groups: Groups of samples that no split divides, shape `(samples,)`, integers; None
            without.
        times: Numbers that grow with time, shape `(samples,)`: a split takes the latest
            samples; None to draw them.
    """

    x: np.ndarray | Rows
    classes: np.ndarray
    names: np.ndarray | None = None
    groups: np.ndarray | None = None
    times: np.ndarray | None = None

    def take(self, rows: np.ndarray) -> Pool:
        """Return the given rows, indices or a mask of shape `(samples,)`."""
        optional = (self.names, self.groups, self.times)
        taken = (None if values is None else values[rows] for values in optional)
        return Pool(self.x[rows], self.classes[rows], *taken)


def default_test_fraction(classes: np.ndarray) -> float:
    """Return the default fraction of the test part of samples with classes, `(samples,)`."""
    return TEST_FRACTION if len(np.unique(classes)) > 1 else NORMAL_TEST_FRACTION


def stratified_split(
    pool: Pool, fraction: float, generator: np.random.Generator
) -> tuple[Pool, Pool]:
    """Split a pool in two, every class in the same proportion.

    Groups stay whole: then the groups with a sample of another class than 0 are divided in this
    proportion, and those without. With times the second part holds the latest samples, and none
    of the first part is as late.

    Args:
        pool: The samples.
        fraction: Fraction of the samples in the second part.
        generator: Draws the samples of the second part.

    Returns:
        First and second part, their rows in the order of the pool.

    Raises:
        ValueError: If there are too few groups, or all samples have one time.
    """
    if fraction and pool.times is not None:
        second = _latest(pool.times, fraction)
        return pool.take(~second), pool.take(second)
    if fraction and pool.groups is not None:
        second = _whole_groups(pool, fraction, generator)
        return pool.take(~second), pool.take(second)
    second = np.zeros(len(pool.classes), dtype=bool)
    for value in np.unique(pool.classes):
        rows = np.flatnonzero(pool.classes == value)
        count = round(fraction * len(rows))
        second[generator.permutation(rows)[:count]] = True
    return pool.take(~second), pool.take(second)


def _latest(times: np.ndarray, fraction: float) -> np.ndarray:
    """Return which samples are the latest ones, all of one time together."""
    count = max(1, round(fraction * len(times)))
    second = times >= np.sort(times)[-count]
    if second.all():
        raise ValueError(
            f"`time` must differ between rows: a part of {fraction:g} of {len(times)} rows cannot "
            "be later than the others. Received: too many rows of one time"
        )
    return second


def _whole_groups(pool: Pool, fraction: float, generator: np.random.Generator) -> np.ndarray:
    """Return which samples are in the groups that were drawn for the second part."""
    chosen: list[np.ndarray] = []
    groups, codes, sizes = np.unique(pool.groups, return_inverse=True, return_counts=True)
    has_others = np.zeros(len(groups), bool)
    np.logical_or.at(has_others, codes, pool.classes != 0)
    for members in (np.flatnonzero(~has_others), np.flatnonzero(has_others)):
        drawn = generator.permutation(members)
        if len(drawn) < 2:
            chosen.append(drawn if len(drawn) < len(groups) else drawn[:0])
            continue
        filled = np.cumsum(sizes[drawn])
        # At least one group on either side.
        count = 1 + int(np.argmin(np.abs(filled[:-1] - fraction * filled[-1])))
        chosen.append(drawn[:count])
    second = np.isin(codes, np.concatenate(chosen))
    if second.all() or not second.any():
        raise ValueError(
            "`group` must have groups for both sides of a split. Received: "
            f"{len(groups)} groups among {len(codes)} rows"
        )
    return second
