"""The members of an ensemble in a report: what each finds alone, and how far they agree."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any
from xml.etree.ElementTree import Element

import numpy as np

from kerasocc.experiments.reports.markup import data_table

if TYPE_CHECKING:
    import kerasocc


def describe(
    members: list[dict[str, Any]],
    model: kerasocc.Ensemble,
    x: Any,
    labels: np.ndarray,
) -> list[dict[str, Any]]:
    """What `results.json` holds of the members.

    Args:
        members: What is known of each: `title`, `kind` (its method, in words) and `seconds` of
            its training.
        model: Made of them, in this order.
        x: Test samples, shape `(samples, ...)`.
        labels: 0 normal, 1 anomaly, shape `(samples,)`.

    Returns:
        For every member what is known, `auc` (of it alone; None without both classes) and
        `agreement`, the rank correlation of its scores with the mean of the others' (None for
        the only member, and where the scores do not vary).
    """
    scores = np.float64(model.member_scores(x))
    return [
        {
            **member,
            "auc": _auc(labels, scores[:, number]),
            "agreement": _correlation(scores[:, number], np.delete(scores, number, axis=1)),
        }
        for number, member in enumerate(members)
    ]


def _auc(labels: np.ndarray, scores: np.ndarray) -> float | None:
    from sklearn.metrics import roc_auc_score

    return float(roc_auc_score(labels, scores)) if len(np.unique(labels)) == 2 else None


def _correlation(scores: np.ndarray, others: np.ndarray) -> float | None:
    from scipy.stats import spearmanr

    mean = others.mean(axis=1) if others.shape[1] else np.zeros(len(scores))
    if np.ptp(scores) == 0 or np.ptp(mean) == 0:
        return None
    return float(spearmanr(scores, mean).statistic)


def in_words(members: list[dict[str, Any]]) -> dict[str, str]:
    """The members, and how sure the choice is, for the key figures of a run."""
    found = [member["agreement"] for member in members if member["agreement"] is not None]
    aucs = [100 * member["auc"] for member in members if member["auc"] is not None]
    parts = []
    if found:
        parts.append(
            f"rank correlation of a member with the others {_range(found, '.2f')} on the test "
            "samples"
        )
    if aucs:
        parts.append(f"AUC alone {_range(aucs, '.1f')} %")
    kinds = Counter(member["kind"] for member in members)
    return {
        "Members": ", ".join(f"{count} {kind}" for kind, count in kinds.items()),
        **({"Agreement": "; ".join(parts)} if parts else {}),
    }


def _range(values: list[float], form: str) -> str:
    """The smallest and the largest of some numbers, in words; one of them if they look alike."""
    low, high = format(min(values), form), format(max(values), form)
    return low if low == high else f"{low} to {high}"


def table(members: list[dict[str, Any]]) -> Element:
    """The members as an HTML table."""
    columns = {
        "member": [member["title"] for member in members],
        "AUC alone, %": [_percent(member["auc"]) for member in members],
        "rank correlation with the others": [_number(m["agreement"]) for m in members],
        "seconds": [f"{member['seconds']:.2f}" for member in members],
    }
    shown = {head: cells for head, cells in columns.items() if any(cells)}
    return data_table(shown, zip(*shown.values(), strict=True), numbers=range(1, len(shown)))


def _percent(fraction: float | None) -> str:
    return "" if fraction is None else f"{100 * fraction:.2f}"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"
