"""What is found of every class of the test samples."""

from __future__ import annotations

from typing import Any
from xml.etree.ElementTree import Element

import numpy as np

from kerasocc.engine.evaluation import ranking_metrics
from kerasocc.experiments.reports.evaluation import rate_interval
from kerasocc.experiments.reports.markup import data_table
from kerasocc.experiments.reports.scored_samples import ScoredSamples
from kerasocc.plots.style import NAMES


def by_class(tested: ScoredSamples, threshold: float) -> list[dict[str, Any]]:
    """Evaluate every class of the test samples by itself.

    Args:
        tested: The test samples.
        threshold: A score above it is an anomaly.

    Returns:
        For every class `name`, `label` (0 normal, 1 anomaly), `samples`, `flagged`, the
        `flagged_interval` of 95 % of the rate, and `auc` of a class of anomalies against all
        normal samples (None where there are none): the normal classes, then the others, the
        hardest first. Empty where classes or labels are not known, and where there are no more
        than one normal class and one other.
    """
    if tested.classes is None or tested.labels is None or len(np.unique(tested.classes)) < 3:
        return []
    flagged, normal = tested.scores > threshold, tested.labels == 0
    found = []
    for name in np.unique(tested.classes):
        for label in (0, 1):
            own = (tested.classes == name) & (tested.labels == label)
            if not own.any():
                continue
            compared = own | normal
            auc = None
            if label and normal.any():
                auc = ranking_metrics(tested.labels[compared], tested.scores[compared])["auc"]
            found.append(
                {
                    "name": str(name),
                    "label": label,
                    "samples": int(own.sum()),
                    "flagged": int(flagged[own].sum()),
                    "flagged_interval": rate_interval(flagged[own]),
                    "auc": auc,
                }
            )
    return sorted(found, key=lambda entry: (entry["label"], entry["auc"] or 0.0))


def table(found: list[dict[str, Any]]) -> Element | None:
    """What `by_class` returned, as a table; None where it is empty."""
    if not found:
        return None
    heads = ("class", "kind", "samples", "flagged, %", "95 % interval, %", "AUC against normal, %")
    rows = []
    for entry in found:
        low, high = entry["flagged_interval"]
        rows.append(
            (
                entry["name"],
                NAMES[entry["label"]],
                str(entry["samples"]),
                f"{100 * entry['flagged'] / entry['samples']:.1f}",
                f"{100 * low:.1f} to {100 * high:.1f}",
                "" if entry["auc"] is None else f"{100 * entry['auc']:.2f}",
            )
        )
    return data_table(heads, rows, numbers=(2, 3, 4, 5))
