"""The files of a report that change with the decision threshold."""

from __future__ import annotations

import contextlib
import csv
import io
from pathlib import Path
from typing import Any

import numpy as np

from kerasocc.experiments.config import TrainConfig
from kerasocc.experiments.reports.by_class import by_class
from kerasocc.experiments.reports.evaluation import evaluate
from kerasocc.experiments.reports.page import Shown, page
from kerasocc.experiments.reports.pictures import Pictures
from kerasocc.experiments.reports.report import score_figures, write_figure
from kerasocc.experiments.reports.scored_samples import (
    DECISION,
    ScoredSamples,
    read_rows,
    samples_from,
)
from kerasocc.files import read_json, write_text


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
    columns, rows = read_rows(old / "scores.csv", results["normal"] + results["anomalous"])
    tested = samples_from(columns, rows)
    for row, score in zip(rows, tested.scores, strict=True):
        row[DECISION] = int(score > threshold)
    write_text(new / "scores.csv", _as_csv(columns, rows))
    is_labelled = tested.labels is not None
    labels = tested.labels if is_labelled else np.zeros(len(rows), "int64")
    found = evaluate(labels, tested.scores, threshold, labelled=is_labelled)
    results = {**results, **found, "classes": by_class(tested, threshold)}
    for name, figure in score_figures(tested, results).items():
        write_figure(new / name, figure)
    write_text(new / "report.html", page(results, read_shown(old, tested)))
    return results


def read_shown(folder: Path, tested: ScoredSamples) -> Shown:
    """What the page of a run shows, from the files of its folder.

    Args:
        folder: Of the run.
        tested: Its test samples.
    """
    histories, config = {}, None
    # A run of an earlier version, or one that lost files, shows what there is.
    with contextlib.suppress(OSError, ValueError):
        histories = read_json(folder / "history.json")
    with contextlib.suppress(OSError, ValueError):
        config = TrainConfig.read(folder / "config.json")
    pictures = Pictures.read(folder)
    return Shown(tested=tested, histories=histories, pictures=pictures, config=config)


def _as_csv(columns: list[str], rows: list[dict[str, Any]]) -> str:
    text = io.StringIO()
    table = csv.DictWriter(text, columns, lineterminator="\n")
    table.writeheader()
    table.writerows(rows)
    return text.getvalue()
