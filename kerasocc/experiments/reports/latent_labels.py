"""The latent labels that a run has ended with: a table, figures, a line of the report."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import numpy as np

from kerasocc.datasets import OneClassDataset
from kerasocc.experiments.settings.latent import MODE_TITLES
from kerasocc.files import write_text

FILE = "latent_labels.csv"
"""Its name in the folder of a run."""


def write_latent_labels(
    folder: Path, mode: str, labels: np.ndarray, data: OneClassDataset
) -> dict[str, Any]:
    """Write the latent labels of the training samples, and compare them with the truth.

    Samples with a semi-supervised label have no latent one and are left out.

    Args:
        folder: Of the run.
        mode: Of `LatentLabels`.
        labels: `LatentLabels.labels`, shape `(samples,)`.
        data: The training samples, with their hidden truth.

    Returns:
        `mode`; `samples`, the number of those without a label; `flagged`, how many of
        them were taken for anomalies, and `share`; `precision`, how many of the flagged
        are anomalies, and `recall`, how many of the anomalies are flagged, as
        fractions; None where there are none.
    """
    index = np.flatnonzero(data.y_train == 0)
    labels, truth = labels[index], data.truth_train[index]
    write_text(folder / FILE, _table(index, labels, truth, data))
    flagged, anomalous = labels > 0, truth == 1
    hits = int(np.sum(flagged & anomalous))
    return {
        "mode": mode,
        "samples": len(index),
        "flagged": int(flagged.sum()),
        "share": float(flagged.mean()),
        "precision": hits / int(flagged.sum()) if flagged.any() else None,
        "recall": hits / int(anomalous.sum()) if anomalous.any() else None,
    }


def in_words(figures: dict[str, Any]) -> str:
    """What `write_latent_labels` returned, in a line.

    Where no anomaly is known, nothing is said about those that were flagged.
    """
    words = (
        f"{MODE_TITLES[figures['mode']]}: {100 * figures['share']:.1f} % of the training samples"
    )
    if figures["precision"] is None or figures["recall"] is None:
        return f"{words} flagged"
    return f"{words} flagged, {100 * figures['precision']:.0f} % of them anomalies"


def _table(index: np.ndarray, labels: np.ndarray, truth: np.ndarray, data: OneClassDataset) -> str:
    columns = {"index": index.tolist()}
    if data.names_train is not None:
        names = data.names_train[index]
        columns["file" if names.dtype.kind == "U" else "row"] = names.tolist()
    columns["latent_label"] = [f"{label:g}" for label in labels]
    if "train" not in data.unlabelled:
        columns["truth"] = truth.astype(int).tolist()
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(columns)
    table.writerows(zip(*columns.values(), strict=True))
    return text.getvalue()
