"""How well a trained model ranks and flags samples, with labels or without."""

from __future__ import annotations

from typing import Any

import numpy as np

from kerasocc.engine.evaluation import ranking_metrics


def evaluate(
    labels: np.ndarray, scores: np.ndarray, threshold: float | None, *, labelled: bool = True
) -> dict[str, Any]:
    """Metrics of a ranking and, with a threshold, of the decisions.

    Args:
        labels: 0 normal, 1 anomaly, shape `(samples,)`.
        scores: Anomaly scores, shape `(samples,)`.
        threshold: A score above it is an anomaly.
        labelled: Whether the samples came with labels; without them they are taken for
            normal, and all `labels` are 0.

    Returns:
        `auc`, `average_precision`, `normal` and `anomalous` (numbers of samples), `labelled`,
        `threshold`, `flagged` and `flagged_fraction`, `false_positive_rate` with its 95 %
        interval `false_positive_rate_interval` (Clopper and Pearson), `true_positive_rate`.
        None where there is no threshold or no sample of a class that a figure needs.
    """
    normal, anomalous = labels == 0, labels == 1
    both = normal.any() and anomalous.any()
    ranking = ranking_metrics(labels, scores) if both else {}
    flagged = None if threshold is None else scores > threshold
    return {
        "auc": ranking.get("auc"),
        "average_precision": ranking.get("average_precision"),
        "normal": int(normal.sum()),
        "anomalous": int(anomalous.sum()),
        "labelled": labelled,
        "threshold": threshold,
        "flagged": None if flagged is None else int(flagged.sum()),
        "flagged_fraction": _mean(flagged),
        "false_positive_rate": None if flagged is None else _mean(flagged[normal]),
        "false_positive_rate_interval": None if flagged is None else rate_interval(flagged[normal]),
        "true_positive_rate": None if flagged is None else _mean(flagged[anomalous]),
    }


def rate_interval(events: np.ndarray) -> list[float] | None:
    """Exact 95 % interval of the probability of independent events.

    Args:
        events: Which of `n` events have happened, shape `(n,)`, bool.

    Returns:
        Both ends; None where `n` is 0.

    Reference:
        Clopper and Pearson, The Use of Confidence or Fiducial Limits Illustrated in the Case
        of the Binomial, Biometrika 1934.
    """
    from scipy.special import betaincinv

    count, happened = len(events), int(np.sum(events))
    if not count:
        return None
    low = betaincinv(happened, count - happened + 1, 0.025) if happened else 0.0
    high = betaincinv(happened + 1, count - happened, 0.975) if happened < count else 1.0
    return [float(low), float(high)]


def in_words(results: dict[str, Any]) -> dict[str, str]:
    """What `evaluate` returned, for the reader."""
    return {
        **ranking_in_words(results),
        "Samples": samples_in_words(results),
        **({} if results["threshold"] is None else {"Threshold": f"{results['threshold']:.4g}"}),
        **flagged_in_words(results, "samples"),
    }


def ranking_in_words(results: dict[str, Any], part: str = "") -> dict[str, str]:
    """AUC and average precision; nothing where they are not defined.

    Args:
        results: What `evaluate` returned.
        part: What the name of the AUC ends with.
    """
    if results["auc"] is None:
        return {}
    return {
        f"AUC{part}": f"{100 * results['auc']:.2f} %",
        "Average precision": f"{100 * results['average_precision']:.2f} %",
    }


def samples_in_words(results: dict[str, Any]) -> str:
    """How many samples there are of either class."""
    if not results["labelled"]:
        return f"{results['normal']} without labels"
    return f"{results['normal']} normal, {results['anomalous']} anomalous"


def flagged_in_words(results: dict[str, Any], what: str) -> dict[str, str]:
    """How many samples are flagged; nothing without a threshold.

    Args:
        results: What `evaluate` returned.
        what: What the samples are called.
    """
    if results["threshold"] is None:
        return {}
    share = f"{100 * results['flagged_fraction']:.1f} %"
    words = f"{share} of the {what}"
    false, true = results["false_positive_rate"], results["true_positive_rate"]
    if false is not None and true is not None:
        words += f": {100 * false:.1f} % of the normal ones, {100 * true:.1f} % of the anomalies"
    if results["auc"] is not None:
        return {"Flagged": words}
    if false is None:
        return {"Flagged": f"{words}, all of them anomalies"}
    low, high = results["false_positive_rate_interval"]
    condition = "" if results["labelled"] else ", if all of them are normal"
    return {
        "Flagged": f"{results['flagged']} of {results['normal']} {what} ({share})",
        "False positives": f"{100 * false:.1f} %, 95 % interval {100 * low:.1f} to "
        f"{100 * high:.1f} %{condition}",
    }


def _mean(values: np.ndarray | None) -> float | None:
    return None if values is None or not len(values) else float(values.mean())
