"""The files of a report that change with the decision threshold."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import numpy as np

from kerasocc import plots
from kerasocc.experiments.reports.evaluation import evaluate
from kerasocc.experiments.reports.page import FIGURES, page
from kerasocc.experiments.reports.report import write_figure
from kerasocc.files import write_text

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
        ValueError: If `scores.csv` does not hold labels and scores.
    """
    threshold = results["threshold"]
    columns, rows = _read(old / "scores.csv")
    scores = np.array([float(row["score"]) for row in rows])
    labels = np.array([int(row["label"]) for row in rows])
    for row, score in zip(rows, scores, strict=True):
        row[DECISION] = int(score > threshold)
    write_text(new / "scores.csv", _as_csv(columns, rows))
    results = {**results, **evaluate(labels, scores, threshold)}
    write_figure(new / "histogram.png", plots.plot_histogram(scores, labels, threshold))
    shown = [name for name in FIGURES if (old / name).exists()]
    if "roc.png" in shown:
        write_figure(new / "roc.png", plots.plot_roc(labels, scores, threshold))
    write_text(new / "report.html", page(results, shown))
    return results


def _read(path: Path) -> tuple[list[str], list[dict[str, Any]]]:
    with open(path, newline="", encoding="utf-8") as file:
        table = csv.DictReader(file)
        columns, rows = list(table.fieldnames or []), list(table)
    if not {"label", "score", DECISION} <= set(columns) or not rows:
        raise ValueError(
            f"{str(path)!r} must hold the columns label, score and {DECISION}. Received: {columns}"
        )
    return columns, rows


def _as_csv(columns: list[str], rows: list[dict[str, Any]]) -> str:
    text = io.StringIO()
    table = csv.DictWriter(text, columns, lineterminator="\n")
    table.writeheader()
    table.writerows(rows)
    return text.getvalue()
