"""The test samples that a reader should look at: which they are, as pictures and as tables."""

from __future__ import annotations

from collections.abc import Iterable
from xml.etree.ElementTree import Element

import numpy as np

from kerasocc.experiments.reports.markup import Content, data_table, element
from kerasocc.experiments.reports.pictures import Pictures
from kerasocc.experiments.reports.scored_samples import ScoredSamples

SHOWN = 16
"""Samples of either end."""
LISTED = 8
"""Samples of every kind that is worth a look."""


def extremes(scores: np.ndarray) -> dict[str, np.ndarray]:
    """Indices of the samples with the smallest and the largest scores, by what they are."""
    order = np.argsort(scores, kind="stable")
    # None is at both ends.
    count = max(1, min(SHOWN, len(order) // 2))
    largest = np.argsort(-scores, kind="stable")[:count]
    return {"Largest scores": largest, "Smallest scores": order[:count]}


def worth_a_look(
    labels: np.ndarray | None, scores: np.ndarray, threshold: float
) -> dict[str, np.ndarray]:
    """Indices of the samples where a decision is wrong or a close one, by what they are.

    Args:
        labels: 0 normal, 1 anomaly, shape `(samples,)`; None without labels.
        scores: Shape `(samples,)`.
        threshold: A score above it is an anomaly.

    Returns:
        Missed anomalies, the smallest scores first; false alarms, the largest first; and the
        samples whose scores are closest to the threshold, of those that are left.
    """
    order = np.argsort(scores, kind="stable")
    found: dict[str, np.ndarray] = {}
    if labels is not None:
        missed = order[(labels[order] == 1) & (scores[order] <= threshold)]
        alarms = order[::-1][(labels[order] == 0)[::-1] & (scores[order] > threshold)[::-1]]
        found |= {"Missed anomalies": missed[:LISTED], "False alarms": alarms[:LISTED]}
    seen = np.concatenate(list(found.values())) if found else np.zeros(0, int)
    closest = np.argsort(np.abs(scores - threshold), kind="stable")
    found["Closest to the threshold"] = closest[~np.isin(closest, seen)][:LISTED]
    return {name: indices for name, indices in found.items() if len(indices)}


def indices_to_show(tested: ScoredSamples, threshold: float) -> np.ndarray:
    """Indices of all samples that a page shows, shape `(shown,)`."""
    groups = (extremes(tested.scores), worth_a_look(tested.labels, tested.scores, threshold))
    return np.unique(np.concatenate([i for group in groups for i in group.values()]))


def show(
    groups: dict[str, np.ndarray], tested: ScoredSamples, threshold: float, pictures: Pictures
) -> list[Content]:
    """Show groups of samples, each below its title.

    Args:
        groups: Indices by title.
        tested: The test samples.
        threshold: A score above it is an anomaly.
        pictures: Of some of them.
    """
    way = _tiles if pictures.samples else _table
    shown = [
        element("div", element("h3", title), way(indices, tested, threshold, pictures))
        for title, indices in groups.items()
    ]
    return shown if pictures.samples else [element("div", shown, class_="groups")]


def _tiles(
    indices: Iterable[int], tested: ScoredSamples, threshold: float, pictures: Pictures
) -> Element:
    return element(
        "ul", (_tile(int(i), tested, threshold, pictures) for i in indices), class_="tiles"
    )


def _tile(index: int, tested: ScoredSamples, threshold: float, pictures: Pictures) -> Element:
    name, kind = tested.name(index), tested.kind(index)
    score = f"{tested.scores[index]:.4g}"
    flagged = tested.scores[index] > threshold
    small = "small" if pictures.is_small else None
    told = ", ".join(part for part in (f"score {score}", kind, flagged and "flagged") if part)
    seen = pictures.samples.get(str(index))
    heat = pictures.maps.get(str(index))
    remark = pictures.remarks.get(str(index))
    return element(
        "li",
        element(
            "figure",
            element("img", src=seen, alt=f"{name}: {told}", class_=small) if seen else None,
            element("img", src=heat, alt=f"What made the score of {name}") if heat else None,
            element(
                "figcaption",
                element(
                    "b", score, " ", element("span", "flagged", class_="anomaly") if flagged else ""
                ),
                f"{kind}" if kind else None,
                element("br") if kind else None,
                name,
                [element("br"), remark] if remark else None,
            ),
            class_="tile",
        ),
    )


def _table(
    indices: Iterable[int], tested: ScoredSamples, threshold: float, pictures: Pictures
) -> Element:
    kinds = tested.labels is not None or tested.classes is not None
    remarks = bool(pictures.remarks)
    heads = ["sample", *tested.ids, "score", "flagged"]
    heads += ["what it is"] if kinds else []
    heads += ["what made the score"] if remarks else []
    rows = []
    for index in map(int, indices):
        flagged = tested.scores[index] > threshold
        row: list[Content] = [
            tested.name(index),
            *(str(values[index]) for values in tested.ids.values()),
            f"{tested.scores[index]:.4g}",
            element("span", "yes", class_="anomaly") if flagged else "no",
        ]
        row += [tested.kind(index)] if kinds else []
        row += [pictures.remarks.get(str(index))] if remarks else []
        rows.append(row)
    return data_table(heads, rows, numbers=(1 + len(tested.ids),))
