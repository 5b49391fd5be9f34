"""What the results of a group of data sets say about the detectors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from benchmarks.detection.cells import DONE
from benchmarks.detection.statistics import Interval, paired_interval, ranks

FAR_BELOW = 0.05
"""A difference of AUCs from the best peer that is counted."""

CellResults = Mapping[tuple[str, str], Sequence[Mapping[str, Any]]]
"""The results by names of problem and detector, one per seed, with the `split_seed` of each."""


class Line(NamedTuple):
    """A detector on a group of data sets; all means are over those it has a result for.

    Attributes:
        detector: Its name.
        sets: Data sets that it has a result for.
        auc: Mean.
        average_precision: Mean.
        rank: Mean; it ranks last where it has no result.
        difference: AUC minus that of the best peer, with the interval over data sets; None
            without a peer.
        far_below: Data sets on which it is more than `FAR_BELOW` below the best peer.
        false_positive_rate: Mean; NaN where nothing was held out.
        deviation: Of the AUC over the seeds of the detector, the split fixed, mean; NaN with
            one seed.
        fit_seconds: Mean.
        score_seconds: Mean.
        not_done: Why there is no result, and how often.
    """

    detector: str
    sets: int
    auc: float
    average_precision: float
    rank: float
    difference: Interval | None
    far_below: int
    false_positive_rate: float
    deviation: float
    fit_seconds: float
    score_seconds: float
    not_done: dict[str, int]


class Summary(NamedTuple):
    """The detectors on a group of data sets, the best mean rank first.

    Attributes:
        problems: Names of the data sets.
        lines: One per detector that has a result.
        aucs: By names of problem and detector, mean over the seeds; NaN without a result.
        best_peer: Name of the peer with the highest mean AUC, None without one.
    """

    problems: list[str]
    lines: list[Line]
    aucs: dict[tuple[str, str], float]
    best_peer: str | None


def summarize(
    results: CellResults, problems: Sequence[str], detectors: Sequence[str], peers: Sequence[str]
) -> Summary:
    """Compare detectors on a group of data sets.

    Args:
        results: Those of at least this group.
        problems: Names of its data sets; those without any result are left out.
        detectors: Names of the detectors; those without any result are left out.
        peers: Which of them are of other packages.
    """
    auc = {key: _mean(found, "auc") for key, found in results.items()}
    table = np.array([[auc.get((p, d), np.nan) for d in detectors] for p in problems])
    table = table.reshape(len(problems), len(detectors))
    rows = np.flatnonzero(~np.isnan(table).all(axis=1))
    columns = np.flatnonzero(~np.isnan(table).all(axis=0))
    table = table[np.ix_(rows, columns)]
    shown = [problems[i] for i in rows]
    names = [detectors[i] for i in columns]
    best = _best([n for n in names if n in peers], names, table)
    mean_ranks = ranks(table).mean(axis=0) if table.size else []

    def found(name: str) -> list[Sequence[Mapping[str, Any]]]:
        return [results.get((problem, name), []) for problem in shown]

    reference = None if best is None else table[:, names.index(best)]
    lines = [
        _line(name, table[:, i], reference, float(mean_ranks[i]), found(name))
        for i, name in enumerate(names)
    ]
    return Summary(shown, sorted(lines, key=lambda line: line.rank), auc, best)


def _line(
    name: str,
    aucs: np.ndarray,
    reference: np.ndarray | None,
    rank: float,
    results: Sequence[Sequence[Mapping[str, Any]]],
) -> Line:
    difference, far_below = None, 0
    if reference is not None:
        differences = aucs - reference
        differences = differences[~np.isnan(differences)]
        difference = paired_interval(differences) if len(differences) else None
        far_below = int(np.sum(differences < -FAR_BELOW))
    reasons = [r["status"] for found in results for r in found if r["status"] != DONE]
    deviations = [d for found in results for d in _deviations(found)]
    return Line(
        detector=name,
        sets=int(np.sum(~np.isnan(aucs))),
        auc=float(np.nanmean(aucs)),
        average_precision=_mean_of_means(results, "average_precision"),
        rank=rank,
        difference=difference,
        far_below=far_below,
        false_positive_rate=_mean_of_means(results, "false_positive_rate"),
        deviation=float(np.mean(deviations)) if deviations else float("nan"),
        fit_seconds=_mean_of_means(results, "fit_seconds"),
        score_seconds=_mean_of_means(results, "score_seconds"),
        not_done={reason: reasons.count(reason) for reason in sorted(set(reasons))},
    )


def _best(peers: Sequence[str], names: Sequence[str], table: np.ndarray) -> str | None:
    """The peer with the highest mean among those with the most results."""
    if not peers:
        return None

    def quality(name: str) -> tuple[int, float]:
        values = table[:, names.index(name)]
        return int(np.sum(~np.isnan(values))), float(np.nanmean(values))

    return max(peers, key=quality)


def _deviations(results: Sequence[Mapping[str, Any]]) -> list[float]:
    """Standard deviation of the AUC over the seeds of a detector, for every split."""
    splits = {result["split_seed"] for result in results}
    aucs = [_values([r for r in results if r["split_seed"] == s], "auc") for s in sorted(splits)]
    return [float(np.std(values, ddof=1)) for values in aucs if len(values) > 1]


def _values(results: Sequence[Mapping[str, Any]], name: str) -> list[float]:
    done = (r[name] for r in results if r["status"] == DONE)
    return [value for value in done if value is not None]


def _mean(results: Sequence[Mapping[str, Any]], name: str) -> float:
    values = _values(results, name)
    return float(np.mean(values)) if values else float("nan")


def _mean_of_means(results: Sequence[Sequence[Mapping[str, Any]]], name: str) -> float:
    means = [mean for mean in (_mean(found, name) for found in results) if not np.isnan(mean)]
    return float(np.mean(means)) if means else float("nan")
