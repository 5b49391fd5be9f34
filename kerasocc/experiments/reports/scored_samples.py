"""The scored test samples of a run: what the report and `scores.csv` are made of."""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from kerasocc.plots.style import NAMES

DECISION = "is_anomaly"
CLASS = "class"


@dataclass(frozen=True)
class ScoredSamples:
    """Test samples with their scores.

    Attributes:
        scores: Shape `(samples,)`.
        labels: 0 normal, 1 anomaly, shape `(samples,)`; None without labels.
        names: Rows or, as text, files, shape `(samples,)`; None without names.
        ids: Columns of the table that are kept beside the scores, by name.
        classes: What the samples show, as text, shape `(samples,)`; None if it is not known.
    """

    scores: np.ndarray
    labels: np.ndarray | None = None
    names: np.ndarray | None = None
    ids: Mapping[str, list[Any]] = field(default_factory=dict)
    classes: np.ndarray | None = None

    def name(self, index: int) -> str:
        """What a sample is called."""
        if self.names is None:
            return f"sample {index}"
        return f"{'' if self.names.dtype.kind == 'U' else 'row '}{self.names[index]}"

    def kind(self, index: int) -> str:
        """`"normal"` or `"anomaly"`, and its class; `""` if nothing is known."""
        label = "" if self.labels is None else NAMES[int(self.labels[index])]
        shown = "" if self.classes is None else str(self.classes[index])
        return label if not shown or shown == label else f"{label}, {shown}".removeprefix(", ")


def read_rows(path: Path, samples: int) -> tuple[list[str], list[dict[str, Any]]]:
    """Read the columns and rows of `scores.csv`, scores and labels as numbers.

    Args:
        path: The file.
        samples: How many test samples the run has.

    Raises:
        ValueError: If the file does not hold the scores of all test samples.
    """
    # Names of files may be in another encoding.
    with open(path, newline="", encoding="utf-8", errors="surrogateescape") as file:
        table = csv.DictReader(file)
        columns, rows = list(table.fieldnames or []), list(table)
    if not {"score", DECISION} <= set(columns):
        raise ValueError(
            f"{str(path)!r} must hold the columns score and {DECISION}. Received: {columns}"
        )
    if len(rows) != samples:
        raise ValueError(
            f"{str(path)!r} must hold a row for each of the {samples} test samples of the run. "
            f"Received: {len(rows)} rows"
        )
    for line, row in enumerate(rows, 2):
        row["score"] = _number(row, "score", path, line)
        if "label" in columns:
            row["label"] = int(_number(row, "label", path, line))
    return columns, rows


def samples_from(columns: list[str], rows: list[dict[str, Any]]) -> ScoredSamples:
    """The test samples that `read_rows` has read."""
    known = {"index", "file", "row", "label", "score", DECISION, CLASS}
    names = None
    if "file" in columns[:2]:
        names = np.array([row["file"] for row in rows])
    elif "row" in columns[:2]:
        names = np.array([int(row["row"]) for row in rows])
    return ScoredSamples(
        np.array([row["score"] for row in rows]),
        np.array([row["label"] for row in rows]) if "label" in columns else None,
        names,
        {name: [row[name] for row in rows] for name in columns if name not in known},
        np.array([row[CLASS] for row in rows]) if CLASS in columns else None,
    )


def _number(row: dict[str, Any], column: str, path: Path, line: int) -> float:
    try:
        number = float(row[column])
    except (TypeError, ValueError):
        number = math.nan
    if not math.isfinite(number):
        raise ValueError(
            f"{str(path)!r} must hold numbers. Received: {row[column]!r} in line {line}, column "
            f"{column!r}"
        )
    return number
