"""The files that a finished run is read from: tables, figures, a page."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from kerasocc import plots
from kerasocc.datasets.storage.rows import Rows
from kerasocc.experiments.reports.page import FIGURES, Extreme, page
from kerasocc.files import complete_or_absent, printable, write_json, write_text
from kerasocc.plots.style import NAMES

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from kerasocc.experiments.reports.decomposition import Decomposition

SHOWN = 16
"""Samples that are shown of either end."""
LISTED = 10
"""Samples whose names are listed on the page."""
HEAT_MAPS = 8
"""Images that are shown with their heat maps."""


def write_report(
    folder: Path,
    results: dict[str, Any],
    x: np.ndarray | Rows,
    labels: np.ndarray,
    scores: np.ndarray,
    histories: dict[str, dict[str, list[float]]],
    decomposition: Decomposition | None = None,
    names: np.ndarray | None = None,
    ids: Mapping[str, list[Any]] | None = None,
    explainer: Explainer | None = None,
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
        names: Rows or files of the samples, shape `(samples,)`; None without names.
        ids: Columns of the table that are kept beside the scores, by name.
        explainer: Explains the largest scores; None for a report without explanations.
    """
    threshold = results["threshold"]
    given = labels if results["labelled"] else None
    write_text(folder / "scores.csv", scores_table(given, scores, threshold, names, ids))
    write_json(folder / "history.json", histories)
    figures = {"histogram.png": plots.plot_histogram(scores, given, threshold)}
    if histories:
        figures["training.png"] = plots.plot_history(histories)
    if results["auc"] is not None:
        figures["roc.png"] = plots.plot_roc(labels, scores, threshold)
    if x.ndim == 4 and x.shape[-1] in (1, 3):
        if decomposition is not None:
            figures["decomposition.png"] = plots.plot_decomposition(*decomposition)
        extremes = _extremes(scores)
        images = np.asarray(x[extremes])
        figures["samples.png"] = plots.plot_extremes(
            images,
            scores[extremes],
            None if given is None else given[extremes],
            names=None if names is None or names.dtype.kind != "U" else names[extremes],
        )
        if explainer is not None:
            figures["heat_maps.png"] = _heat_maps(x, scores, explainer)
    for name, figure in figures.items():
        write_figure(folder / name, figure)
    shown = [name for name in FIGURES if name in figures]
    reasons = explainer.reasons if explainer is not None and x.ndim == 2 else None
    found = None if reasons is None or names is None else reasons(x[_largest(scores)])
    listed = [] if names is None else list(largest(given, scores, threshold, names, found))
    write_text(folder / "report.html", printable(page(results, shown, listed)))


class Explainer(Protocol):
    """What explains the scores of samples; see `runs.explainer`."""

    def contributions(self, x: Any) -> np.ndarray:
        """Heat maps of images, shape `(samples, height, width, 1)`."""

    def reasons(self, x: Any) -> list[str]:
        """The columns that made the scores of rows, in words."""


def _heat_maps(x: np.ndarray | Rows, scores: np.ndarray, explainer: Explainer) -> Figure:
    chosen = _largest(scores)[:HEAT_MAPS]
    images = np.asarray(x[chosen])
    return plots.plot_heat_maps(images, explainer.contributions(images), scores[chosen])


def _largest(scores: np.ndarray) -> np.ndarray:
    """Indices of the samples with the largest scores, the largest first."""
    return np.argsort(-scores, kind="stable")[:LISTED]


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


def scores_table(
    labels: np.ndarray | None,
    scores: np.ndarray,
    threshold: float,
    names: np.ndarray | None = None,
    ids: Mapping[str, list[Any]] | None = None,
) -> str:
    """CSV of index, row or file, label, score and decision; the scores with all their digits.

    Args:
        labels: Shape `(samples,)`; None leaves the column out.
        scores: Shape `(samples,)`.
        threshold: A score above it is an anomaly.
        names: Rows or, as text, files, shape `(samples,)`; None leaves the column out.
        ids: Columns that are kept beside the scores, by name.
    """
    columns: dict[str, Iterable[Any]] = {"index": range(len(scores))}
    if names is not None:
        columns["file" if names.dtype.kind == "U" else "row"] = names.tolist()
    columns |= {name: values for name, values in (ids or {}).items() if name not in columns}
    if labels is not None:
        columns["label"] = labels.astype(int).tolist()
    columns["score"] = map(repr, scores.astype(float).tolist())
    columns["is_anomaly"] = (scores > threshold).astype(int).tolist()
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(columns)
    table.writerows(zip(*columns.values(), strict=True))
    return text.getvalue()


def largest(
    labels: np.ndarray | None,
    scores: np.ndarray,
    threshold: float,
    names: np.ndarray,
    reasons: list[str] | None = None,
) -> Iterator[Extreme]:
    """The samples with the largest scores, the largest first, with what made these."""
    what = "" if names.dtype.kind == "U" else "row "
    for place, index in enumerate(_largest(scores)):
        label = "" if labels is None else NAMES[int(labels[index])]
        flagged = bool(scores[index] > threshold)
        because = "" if reasons is None else reasons[place]
        yield Extreme(f"{what}{names[index]}", float(scores[index]), label, flagged, because)
