"""How well a trained model ranks and flags labelled samples."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from kerasocc.datasets.readers.labelled_tables import anomaly_labels
from kerasocc.datasets.readers.new_samples import read_new
from kerasocc.engine.evaluation import ranking_metrics
from kerasocc.experiments.trained import Trained

Labelled = tuple[np.ndarray, np.ndarray]
"""Labels (0 normal, 1 anomaly) and scores, both of shape `(samples,)`."""


def score_test_part(trained: Trained) -> Labelled:
    """Score the test part of the data that the model was trained on.

    Raises:
        ValueError: If the model does not belong to a run.
        OSError: If the data are not there any more.
    """
    from kerasocc.experiments.runner import load_data

    if trained.config is None:
        raise ValueError(
            "`FILE` must be given: a model file alone does not say what it was trained on. "
            "Received: none"
        )
    data = load_data(trained.config)
    return data.y_test, trained.model.score(data.x_test)


def score_labelled(
    trained: Trained,
    source: str | os.PathLike,
    *,
    label: str | None = None,
    normal_class: Any = None,
    unreadable: str = "error",
) -> Labelled:
    """Score a file with labels.

    Args:
        trained: The model.
        source: A table with a label column, an `.npz` file, or a folder with a folder
            of images per class.
        label: Name of the label column; default that of the training, else one of the
            usual names.
        normal_class: Label of normal samples; default that of the training, else 0.
        unreadable: See `datasets.new_samples.read_new`.

    Raises:
        ValueError: If the file does not hold such samples, or not both normal ones
            and anomalies.
        FileNotFoundError: If there is no such file.
    """
    if label is None and trained.config is not None:
        label = trained.config.label
    parts = read_new(
        source, trained.sample_format, labelled=True, label=label, unreadable=unreadable
    )
    scored = [(part.labels, trained.model.score(part.x)) for part in parts]
    found, scores = (np.concatenate(column) for column in zip(*scored, strict=True))
    normal = trained.sample_format.normal_class if normal_class is None else normal_class
    labels = anomaly_labels(found, normal)
    if labels is None or not 0 < labels.sum() < len(labels):
        raise ValueError(
            f"{str(source)!r} must label normal samples ({0 if normal is None else normal}) and "
            f"anomalies. Received: labels {np.unique(found.astype(str))[:10].tolist()}"
        )
    return labels, scores


def evaluate(labels: np.ndarray, scores: np.ndarray, threshold: float | None) -> dict[str, Any]:
    """Metrics of a ranking and, with a threshold, of the decisions.

    Args:
        labels: 0 normal, 1 anomaly, shape `(samples,)`.
        scores: Anomaly scores, shape `(samples,)`.
        threshold: A score above it is an anomaly.

    Returns:
        `auc`, `average_precision`, `normal` and `anomalous` (numbers of samples),
        `threshold`, `flagged_fraction`, `false_positive_rate`, `true_positive_rate`;
        None where there is no threshold.
    """
    results: dict[str, Any] = {
        **ranking_metrics(labels, scores),
        "normal": int(np.sum(labels == 0)),
        "anomalous": int(np.sum(labels == 1)),
        "threshold": threshold,
    }
    flagged = None if threshold is None else scores > threshold
    return {
        **results,
        "flagged_fraction": None if flagged is None else float(flagged.mean()),
        "false_positive_rate": None if flagged is None else float(flagged[labels == 0].mean()),
        "true_positive_rate": None if flagged is None else float(flagged[labels == 1].mean()),
    }


def in_words(results: dict[str, Any]) -> dict[str, str]:
    """What `evaluate` returned, for the reader."""
    words = {
        "AUC": f"{100 * results['auc']:.2f} %",
        "Average precision": f"{100 * results['average_precision']:.2f} %",
        "Samples": f"{results['normal']} normal, {results['anomalous']} anomalous",
    }
    if results["threshold"] is None:
        return words
    return {
        **words,
        "Threshold": f"{results['threshold']:.4g}",
        "Flagged": f"{100 * results['flagged_fraction']:.1f} % of the samples: "
        f"{100 * results['false_positive_rate']:.1f} % of the normal ones, "
        f"{100 * results['true_positive_rate']:.1f} % of the anomalies",
    }
