"""The files that a finished run is read from: tables, figures, a page."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from kerasocc import plots
from kerasocc.datasets.storage.rows import Rows
from kerasocc.experiments.reports.page import Shown, page
from kerasocc.experiments.reports.pictures import pictures_of
from kerasocc.experiments.reports.samples import SHOWN, indices_to_show
from kerasocc.experiments.reports.scored_samples import CLASS, DECISION, ScoredSamples
from kerasocc.files import complete_or_absent, write_json, write_text

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from kerasocc.experiments.config.train_config import Config
    from kerasocc.experiments.reports.decomposition import Decomposition
    from kerasocc.experiments.reports.document import Section

FIGURES = (
    "samples.png",
    "histogram.png",
    "roc.png",
    "precision_recall.png",
    "decomposition.png",
    "training.png",
)
"""The figures that a run may have beside its page."""


def write_report(
    folder: Path,
    results: dict[str, Any],
    x: np.ndarray | Rows,
    tested: ScoredSamples,
    histories: dict[str, dict[str, list[float]]],
    *,
    config: Config | None = None,
    decomposition: Decomposition | None = None,
    maps: Mapping[int, np.ndarray] | None = None,
    remarks: Mapping[int, str] | None = None,
    sections: Sequence[Section] = (),
) -> None:
    """Write `scores.csv`, `history.json`, `pictures.json`, the figures and `report.html`.

    Samples are shown where they are images.

    Args:
        folder: Of the run.
        results: What `results.json` will hold.
        x: Test samples, shape `(samples, ...)`.
        tested: Their scores and what is known of them.
        histories: Logs per epoch, by phase.
        config: The settings, to be told on the page.
        decomposition: Of training samples by a robust autoencoder.
        maps: Heat maps of test samples that `samples.indices_to_show` names, see `pictures_of`.
        remarks: A line on what made the score of a test sample, by index.
        sections: Parts of the page that others have made.
    """
    threshold = results["threshold"]
    write_text(folder / "scores.csv", scores_table(tested, threshold))
    write_json(folder / "history.json", histories)
    figures = score_figures(tested, results)
    if histories:
        figures["training.png"] = plots.plot_history(histories)
    if x.ndim == 4 and x.shape[-1] in (1, 3):
        if decomposition is not None:
            figures["decomposition.png"] = plots.plot_decomposition(*decomposition)
        figures["samples.png"] = _extremes_figure(x, tested)
    for name, figure in figures.items():
        write_figure(folder / name, figure)
    pictures = pictures_of(
        x,
        indices_to_show(tested, threshold),
        maps=maps,
        remarks=remarks,
        decomposition=decomposition,
    )
    pictures.write(folder)
    shown = Shown(
        tested=tested, histories=histories, pictures=pictures, config=config, sections=sections
    )
    write_text(folder / "report.html", page(results, shown))


def score_figures(tested: ScoredSamples, results: dict[str, Any]) -> dict[str, Figure]:
    """The figures that change with the threshold, by name.

    Args:
        tested: The test samples.
        results: What `results.json` will hold.
    """
    threshold, interval = results["threshold"], results["calibration"].get("threshold_interval")
    histogram = plots.plot_histogram(tested.scores, tested.labels, threshold, interval=interval)
    figures = {"histogram.png": histogram}
    if results["auc"] is not None:
        curve = (tested.labels, tested.scores, threshold)
        figures["roc.png"] = plots.plot_roc(*curve)
        figures["precision_recall.png"] = plots.plot_precision_recall(*curve)
    return figures


def _extremes_figure(x: np.ndarray | Rows, tested: ScoredSamples) -> Figure:
    """The images with the smallest and the largest scores."""
    order = np.argsort(tested.scores, kind="stable")
    if len(order) > 2 * SHOWN:
        order = np.concatenate([order[:SHOWN], order[-SHOWN:]])
    names = tested.names
    return plots.plot_extremes(
        np.asarray(x[order]),
        tested.scores[order],
        None if tested.labels is None else tested.labels[order],
        names=None if names is None or names.dtype.kind != "U" else names[order],
    )


def write_figure(path: Path, figure: Figure) -> None:
    """Write a figure, completely or not at all; the suffix tells the format."""
    with complete_or_absent(path) as temporary:
        figure.savefig(temporary)


def scores_table(tested: ScoredSamples, threshold: float) -> str:
    """CSV of index, row or file, class, label, score and decision; scores with all their digits.

    Args:
        tested: The test samples.
        threshold: A score above it is an anomaly.
    """
    columns: dict[str, Iterable[Any]] = {"index": range(len(tested.scores))}
    if tested.names is not None:
        columns["file" if tested.names.dtype.kind == "U" else "row"] = tested.names.tolist()
    columns |= {name: values for name, values in tested.ids.items() if name not in columns}
    if tested.classes is not None:
        columns.setdefault(CLASS, tested.classes.tolist())
    if tested.labels is not None:
        columns["label"] = tested.labels.astype(int).tolist()
    columns["score"] = map(repr, tested.scores.astype(float).tolist())
    columns[DECISION] = (tested.scores > threshold).astype(int).tolist()
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(columns)
    table.writerows(zip(*columns.values(), strict=True))
    return text.getvalue()
