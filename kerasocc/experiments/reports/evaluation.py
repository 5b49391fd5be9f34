"""How well a trained model ranks and flags labelled samples."""

from __future__ import annotations

from typing import Any

import numpy as np

from kerasocc.engine.evaluation import ranking_metrics


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
