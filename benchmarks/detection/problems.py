"""The problems: tables, feature sets and image sets, and the rows that detectors get of each."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

TABLES, FEATURES, IMAGES = KINDS = ("tables", "features", "images")
CHOOSING, CONFIRMING = HALVES = ("choosing", "confirming")
SHUFFLED, FILE_ORDER = SPLITS = ("shuffled", "file-order")

# Fixed by name before anything was run: settings may be chosen on these tables alone, all others
# only confirm a choice.
TABLES_TO_CHOOSE_ON = frozenset(
    (
        *("cardio", "breastw", "ionosphere", "vertebral", "letter", "annthyroid", "satellite"),
        *("fault", "glass", "wine", "yeast", "stamps", "mammography"),
    )
)

_IMAGE_CLASSES = {"digits": (0, 3, 8), "mnist": (0, 3, 8), "cifar10": (1, 4, 8)}
_STOP_SIGNS = ("images/gtsrb32_subset.npz", 14)


class Problem(NamedTuple):
    """A data set, and what of it is normal.

    Attributes:
        name: In reports.
        kind: One of `KINDS`.
        source: Path of a file, or name of an image set.
        normal_class: Of images; None for files whose labels are 0 (normal) and 1.
    """

    name: str
    kind: str
    source: str
    normal_class: int | None = None

    @property
    def half(self) -> str:
        """Whether settings may be chosen on it."""
        is_choosing = self.kind == TABLES and self.name in TABLES_TO_CHOOSE_ON
        return CHOOSING if is_choosing else CONFIRMING


class Division(NamedTuple):
    """How the rows of a problem are divided.

    Attributes:
        split: `"shuffled"`: duplicate rows are removed, a random half of the normal rows
            trains. `"file-order"`: the first half in the order of the file trains, duplicates
            stay, as in the code of Livernoche et al., ICLR 2024. Images have an official
            test part, or the one that kerasocc draws, whichever it is.
        seed: Of the split, not of the detectors.
        max_rows: Training rows at most, those that calibrate included.
        held_out: Fraction of the training rows that calibrates.
    """

    split: str = SHUFFLED
    seed: int = 0
    max_rows: int = 10_000
    held_out: float = 0.2


class Parts(NamedTuple):
    """The rows that detectors get.

    Attributes:
        x_train: Normal samples to fit on, shape `(samples, ...)`.
        x_calibration: Other normal samples, to set the threshold on.
        x_test: Samples to test on.
        y_test: Their labels, 0 normal and 1 anomaly.
    """

    x_train: np.ndarray
    x_calibration: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray


def find_problems(data_dir: Path, tfds_dir: Path) -> list[Problem]:
    """The problems on disk, and the digits, which come with scikit-learn."""
    return [*_found(data_dir, tfds_dir)]


def _found(data_dir: Path, tfds_dir: Path) -> Iterator[Problem]:
    for folder, kind in (("tabular", TABLES), ("features", FEATURES)):
        for file in sorted((data_dir / folder).glob("*.npz")):
            yield Problem(file.stem.removeprefix("CV_by_"), kind, str(file.resolve()))
    for name, classes in _IMAGE_CLASSES.items():
        if name == "digits" or (tfds_dir / name).is_dir():
            yield from (Problem(f"{name}-{c}", IMAGES, name, c) for c in classes)
    file, normal_class = _STOP_SIGNS
    if (data_dir / file).exists():
        yield Problem("stop-signs", IMAGES, str((data_dir / file).resolve()), normal_class)


def read_parts(problem: Problem, division: Division, tfds_dir: Path) -> Parts:
    """Read a problem and divide its rows."""
    if problem.kind != IMAGES:
        with np.load(problem.source) as file:
            return divide(file["X"].astype("float32"), file["y"].ravel(), division)
    from kerasocc.datasets import one_vs_rest

    folder = None if problem.source.endswith(".npz") else tfds_dir
    options = dict(normal_class=problem.normal_class, seed=division.seed, data_dir=folder)
    data = one_vs_rest(problem.source, **options)
    test = np.asarray(data.x_test[:]), np.asarray(data.y_test)
    return _held_out(np.asarray(data.x_train[:]), *test, division)


def divide(x: np.ndarray, y: np.ndarray, division: Division) -> Parts:
    """Divide the rows of a table.

    Args:
        x: Shape `(rows, columns)`.
        y: 0 normal, 1 anomaly, shape `(rows,)`.
        division: How.
    """
    if division.split == SHUFFLED:
        kept = first_occurrences(x)
        x, y = x[kept], y[kept]
    normal, anomalies = np.flatnonzero(y == 0), np.flatnonzero(y != 0)
    if division.split == SHUFFLED:
        normal = np.random.default_rng([division.seed, 1]).permutation(normal)
    train, rest = normal[: len(normal) // 2], normal[len(normal) // 2 :]
    test = np.sort(np.concatenate([rest, anomalies]))
    return _held_out(x[train], x[test], (y[test] != 0).astype("int8"), division)


def first_occurrences(x: np.ndarray) -> np.ndarray:
    """Indices of the rows without those that equal an earlier one, in order.

    A row counts as a duplicate whatever its label is: in both parts, with two labels, it would
    be as much of a leak.
    """
    _, first = np.unique(x, axis=0, return_index=True)
    return np.sort(first)


def _held_out(
    x_train: np.ndarray, x_test: np.ndarray, y_test: np.ndarray, division: Division
) -> Parts:
    generator = np.random.default_rng([division.seed, 2])
    rows = generator.permutation(len(x_train))[: division.max_rows]
    count = round(division.held_out * len(rows))
    return Parts(x_train[rows[count:]], x_train[rows[:count]], x_test, y_test)
