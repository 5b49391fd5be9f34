"""The files that a finished run is read from: tables, figures, a page."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from kerasocc import plots
from kerasocc.datasets.storage.rows import Rows
from kerasocc.experiments.reports.page import FIGURES, page
from kerasocc.files import complete_or_absent, write_json, write_text

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from kerasocc.experiments.reports.decomposition import Decomposition

SHOWN = 16
"""Samples that are shown of either end."""


def write_report(
    folder: Path,
    results: dict[str, Any],
    x: np.ndarray | Rows,
    labels: np.ndarray,
    scores: np.ndarray,
    histories: dict[str, dict[str, list[float]]],
    decomposition: Decomposition | None = None,
) -> None:
    """Write `scores.csv`, `history.json`, the figures and `report.html`.

    Samples are shown where they are images.

    Args:
        folder: Of the run.
        results: What `results.json` will hold.
        x: Test samples, shape `(samples, ...)`.
        labels: 0 normal, 1 anomaly, shape `(samples,)`.
        scores: Their anomaly scores, shape `(samples,)`.
        histories: Logs per epoch, by phase.
        decomposition: Of training samples by a robust autoencoder.
    """
    threshold = results["threshold"]
    write_text(folder / "scores.csv", scores_table(labels, scores, threshold))
    write_json(folder / "history.json", histories)
    figures = {
        "histogram.png": plots.plot_histogram(scores, labels, threshold),
        "roc.png": plots.plot_roc(labels, scores, threshold),
    }
    if histories:
        figures["training.png"] = plots.plot_history(histories)
    if x.ndim == 4 and x.shape[-1] in (1, 3):
        if decomposition is not None:
            figures["decomposition.png"] = plots.plot_decomposition(*decomposition)
        extremes = _extremes(scores)
        images = np.asarray(x[extremes])
        figures["samples.png"] = plots.plot_extremes(images, scores[extremes], labels[extremes])
    for name, figure in figures.items():
        write_figure(folder / name, figure)
    shown = [name for name in FIGURES if name in figures]
    write_text(folder / "report.html", page(results, shown))


def _extremes(scores: np.ndarray) -> np.ndarray:
    """Indices of the samples with the smallest and the largest scores."""
    order = np.argsort(scores, kind="stable")
    if len(order) <= 2 * SHOWN:
        return order
    return np.concatenate([order[:SHOWN], order[-SHOWN:]])


def write_figure(path: Path, figure: Figure) -> None:
    """Write a figure, completely or not at all; the suffix tells the format."""
    with complete_or_absent(path) as temporary:
        figure.savefig(temporary)


def scores_table(labels: np.ndarray, scores: np.ndarray, threshold: float) -> str:
    """CSV of index, label, score and decision; the scores with all their digits.

    Args:
        labels: Shape `(samples,)`.
        scores: Shape `(samples,)`.
        threshold: A score above it is an anomaly.
    """
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(["index", "label", "score", "is_anomaly"])
    for index, (label, score) in enumerate(zip(labels, scores, strict=True)):
        table.writerow([index, int(label), repr(float(score)), int(score > threshold)])
    return text.getvalue()
