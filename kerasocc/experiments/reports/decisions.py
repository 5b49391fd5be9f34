"""The files of a report that change with the decision threshold."""

from __future__ import annotations

import csv
import io
import math
from pathlib import Path
from typing import Any

import numpy as np

from kerasocc import plots
from kerasocc.experiments.reports.evaluation import evaluate
from kerasocc.experiments.reports.page import FIGURES, page
from kerasocc.experiments.reports.report import largest, write_figure
from kerasocc.files import printable, write_text

DECISION = "is_anomaly"


def write_decisions(old: Path, new: Path, results: dict[str, Any]) -> dict[str, Any]:
    """Write `scores.csv`, the figures that show the threshold, and `report.html`.

    Args:
        old: Folder of the run, with the scores of the test samples in `scores.csv`.
        new: Folder to write to.
        results: What `results.json` will hold, with the new `threshold`.

    Returns:
        The results, with what of the test samples the threshold flags.

    Raises:
        ValueError: If `scores.csv` does not hold the scores of all test samples.
    """
    threshold = results["threshold"]
    columns, rows = _read(old / "scores.csv", results["normal"] + results["anomalous"])
    scores = np.array([row["score"] for row in rows])
    given = np.array([row["label"] for row in rows]) if "label" in columns else None
    for row, score in zip(rows, scores, strict=True):
        row[DECISION] = int(score > threshold)
    write_text(new / "scores.csv", _as_csv(columns, rows))
    labels = np.zeros(len(scores), "int64") if given is None else given
    found = evaluate(labels, scores, threshold, labelled=given is not None)
    results = {**results, **found}
    write_figure(new / "histogram.png", plots.plot_histogram(scores, given, threshold))
    if found["auc"] is not None:
        write_figure(new / "roc.png", plots.plot_roc(labels, scores, threshold))
    shown = [name for name in FIGURES if (old / name).exists()]
    names = _names(columns, rows)
    listed = [] if names is None else list(largest(given, scores, threshold, names))
    write_text(new / "report.html", printable(page(results, shown, listed)))
    return results


def _read(path: Path, samples: int) -> tuple[list[str], list[dict[str, Any]]]:
    """The columns and rows of `scores.csv`, scores and labels as numbers."""
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


def _names(columns: list[str], rows: list[dict[str, Any]]) -> np.ndarray | None:
    """Files or rows of the samples, as `report.scores_table` has written them."""
    if "file" in columns[:2]:
        return np.array([row["file"] for row in rows])
    return np.array([int(row["row"]) for row in rows]) if "row" in columns[:2] else None


def _as_csv(columns: list[str], rows: list[dict[str, Any]]) -> str:
    text = io.StringIO()
    table = csv.DictWriter(text, columns, lineterminator="\n")
    table.writeheader()
    table.writerows(rows)
    return text.getvalue()
