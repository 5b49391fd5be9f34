"""The files that a finished run is read from: tables, pictures, a page."""

from __future__ import annotations

import csv
import html
import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from kerasocc import plots
from kerasocc.datasets.storage.rows import Rows
from kerasocc.experiments import latent_figures
from kerasocc.experiments.folder import RunFolder
from kerasocc.experiments.phases import History
from kerasocc.files import complete_or_absent, write_json, write_text

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from kerasocc.experiments.decomposition import Decomposition

PICTURES = {
    "samples.png": "Test samples with the smallest and the largest scores",
    "histogram.png": "Scores of the test samples",
    "roc.png": "Receiver operating characteristic on the test samples",
    "decomposition.png": "Training samples with the most noise",
    "training.png": "The training per epoch",
}
"""Files and captions, in the order of the page."""

SHOWN = 16
"""Samples that are shown of either end."""

STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto;
       padding: 0 1rem; color: #222; background: #fff; }
table { border-collapse: collapse; }
th, td { text-align: left; padding: .25rem 1.5rem .25rem 0; border-bottom: 1px solid #ddd; }
th { font-weight: normal; color: #555; white-space: nowrap; }
td { font-variant-numeric: tabular-nums; }
figure { margin: 2rem 0; }
img { max-width: 100%; height: auto; }
figcaption { color: #555; }
.note { border-left: 4px solid #d55e00; padding-left: 1rem; }
"""


def write_report(
    run: RunFolder,
    results: dict[str, Any],
    x: np.ndarray | Rows,
    labels: np.ndarray,
    scores: np.ndarray,
    histories: dict[str, History],
    decomposition: Decomposition | None = None,
) -> None:
    """Write `scores.csv`, `history.json`, the pictures and `report.html`.

    Samples are shown where they are images.

    Args:
        run: The folder.
        results: What `results.json` will hold.
        x: Test samples, shape `(samples, ...)`.
        labels: 0 normal, 1 anomaly, shape `(samples,)`.
        scores: Their anomaly scores, shape `(samples,)`.
        histories: Logs per epoch, by phase.
        decomposition: Of training samples by a robust autoencoder.
    """
    threshold = results["threshold"]
    write_text(run.path / "scores.csv", scores_table(labels, scores, threshold))
    write_json(run.path / "history.json", histories)
    figures = {
        "histogram.png": plots.plot_histogram(scores, labels, threshold),
        "roc.png": plots.plot_roc(labels, scores, threshold),
        "training.png": plots.plot_history(histories),
    }
    if x.ndim == 4 and x.shape[-1] in (1, 3):
        if decomposition is not None:
            figures["decomposition.png"] = plots.plot_decomposition(*decomposition)
        shown = _extremes(scores)
        images = np.asarray(x[shown])
        figures["samples.png"] = plots.plot_extremes(images, scores[shown], labels[shown])
    for name, figure in figures.items():
        write_figure(run.path / name, figure)
    pictures = [name for name in PICTURES if name in figures]
    write_text(run.path / "report.html", page(results, pictures))


def _extremes(scores: np.ndarray) -> np.ndarray:
    """Positions of the samples with the smallest and the largest scores."""
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


def key_figures(results: dict[str, Any]) -> dict[str, str]:
    """What a reader wants to know first, in words.

    Args:
        results: What `results.json` holds.
    """
    seconds, calibration = results["seconds"], results["calibration"]
    training, test = results["samples"]["training"], results["samples"]["test"]
    hidden, labelled = training["anomalous"], training["labelled"]
    noise, latent = results.get("auc_of_noise"), results.get("latent_labels")
    phases = ", ".join(f"{name} {value:.2f} s" for name, value in seconds.items())
    return {
        "AUC (test)": f"{100 * results['auc']:.2f} %",
        **({"AUC (noise)": f"{100 * noise:.2f} % of the training samples"} if noise else {}),
        "Average precision": f"{100 * results['average_precision']:.2f} %",
        "Threshold": f"{results['threshold']:.4g}, for a false positive rate of "
        f"{100 * calibration['rate']:g} %, set on {calibration['samples']} {calibration['on']}",
        "Flagged": f"{100 * results['flagged_fraction']:.1f} % of the test samples: "
        f"{100 * results['false_positive_rate']:.1f} % of the normal ones, "
        f"{100 * results['true_positive_rate']:.1f} % of the anomalies",
        **({"Latent labels": latent_figures.in_words(latent)} if latent else {}),
        "Time": phases,
        "Samples": f"trained on {training['normal']} normal"
        f"{f', {hidden} hidden anomalous' if hidden else ''}"
        f"{f', {labelled} labelled anomalous' if labelled else ''}; "
        f"tested on {test['normal']} normal and {test['anomalous']} anomalous",
    }


def page(results: dict[str, Any], pictures: Sequence[str] = tuple(PICTURES)) -> str:
    """The report as HTML, with the pictures beside it.

    Args:
        results: What `results.json` holds.
        pictures: Which of `PICTURES` there are.
    """
    title = html.escape(f"{results['method']}: {results['run']}")
    versions = ", ".join(f"{name} {value}" for name, value in results["versions"].items() if value)
    rows = {
        **key_figures(results),
        "Seed": str(results["seed"]),
        "Software": f"{versions}; backend {results['backend']}",
    }
    table = "\n".join(
        f'<tr><th scope="row">{html.escape(name)}</th><td>{html.escape(value)}</td></tr>'
        for name, value in rows.items()
    )
    figures = "\n".join(
        f'<figure><img src="{name}" alt="{caption}"><figcaption>{caption}</figcaption></figure>'
        for name, caption in PICTURES.items()
        if name in pictures
    )
    note = results["calibration"]["note"]
    latent = latent_figures.FILE if results.get("latent_labels") else None
    more = f'\nLatent labels: <a href="{latent}">{latent}</a>.' if latent else ""
    warning = f'<p class="note">Threshold: {html.escape(note)}.</p>\n' if note else ""
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>{STYLE}</style>
</head>
<body>
<main>
<h1>{title}</h1>
<table>
{table}
</table>
{warning}{figures}
<p>All figures: <a href="results.json">results.json</a>. Settings:
<a href="config.json">config.json</a>. Scores: <a href="scores.csv">scores.csv</a>.{more}</p>
</main>
</body>
</html>
"""
