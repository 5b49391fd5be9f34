"""The summary of a group of data sets in Markdown, and as a picture."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from benchmarks.detection.statistics import cliques, critical_difference
from benchmarks.detection.summary import FAR_BELOW, Summary

_COLUMNS = (
    *("detector", "sets", "AUC", "average precision", "rank", "minus best peer (95 %)"),
    *(f"sets {100 * FAR_BELOW:.0f} below it", "false positives", "deviation over seeds"),
    *("fit, s", "score, s", "not done"),
)


def markdown(title: str, summary: Summary, titles: Mapping[str, str]) -> str:
    """The means of the detectors, then the AUC of each data set, in %.

    Args:
        title: Of the group.
        summary: What to show.
        titles: What detectors are called in reports, by name.
    """
    if not summary.lines:
        return f"### {title}\n\nNo results.\n"
    best = "" if summary.best_peer is None else titles.get(summary.best_peer, summary.best_peer)
    text = [f"### {title}", "", f"{len(summary.problems)} data sets; best peer: {best or 'none'}."]
    text += ["", _row(_COLUMNS), _rule(len(_COLUMNS))]
    for line in summary.lines:
        gap = line.difference
        between = "" if gap is None else f" ({_percent(gap.low)} to {_percent(gap.high)})"
        cells = (
            titles.get(line.detector, line.detector),
            str(line.sets),
            _percent(line.auc),
            _percent(line.average_precision),
            f"{line.rank:.2f}",
            "" if gap is None else f"{_percent(gap.mean)}{between}",
            "" if gap is None else str(line.far_below),
            _percent(line.false_positive_rate),
            _percent(line.deviation),
            f"{line.fit_seconds:.2f}",
            f"{line.score_seconds:.2f}",
            ", ".join(f"{count} {reason}" for reason, count in line.not_done.items()),
        )
        text.append(_row(cells))
    names = [line.detector for line in summary.lines]
    text += ["", _row(["AUC", *(titles.get(n, n) for n in names)]), _rule(1 + len(names))]
    for problem in summary.problems:
        aucs = (summary.aucs.get((problem, n), math.nan) for n in names)
        text.append(_row([problem, *(_percent(auc) for auc in aucs)]))
    return "\n".join(text) + "\n"


def draw(path: Path, title: str, summary: Summary, titles: Mapping[str, str]) -> None:
    """Draw the mean ranks; detectors under one bar do not differ significantly (Demsar 2006).

    Args:
        path: The PNG file to write.
        title: Of the group.
        summary: At least two detectors on two data sets.
        titles: What detectors are called, by name.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    ranks = np.array([line.rank for line in summary.lines])
    names = [titles.get(line.detector, line.detector) for line in summary.lines]
    distance = critical_difference(len(ranks), len(summary.problems))
    groups = cliques(ranks, distance)
    figure = Figure(figsize=(8, 1.4 + 0.25 * len(ranks) + 0.12 * len(groups)))
    axes = FigureCanvasAgg(figure).figure.subplots()
    top = 1 + 0.5 * len(groups)
    for position, (rank, name) in enumerate(zip(ranks, names, strict=True)):
        height = top + 0.5 + position
        axes.plot([rank, rank], [0, height], color="0.7", linewidth=0.8)
        axes.plot([rank], [height], "o", color="black", markersize=4)
        axes.annotate(
            f"{name}  {rank:.2f}",
            (rank, height),
            xytext=(6, 0),
            textcoords="offset points",
            verticalalignment="center",
            fontsize=8,
            # The lines of detectors further below pass behind it.
            bbox=dict(facecolor="white", edgecolor="none", pad=1),
        )
    for position, (first, last) in enumerate(groups):
        height = 0.6 + 0.5 * position
        axes.plot([ranks[first], ranks[last]], [height, height], color="black", linewidth=3)
    axes.set_xlim(1, len(ranks) + max(1.0, 0.25 * len(ranks)))
    axes.set_ylim(top + 0.5 + len(ranks), 0)
    axes.xaxis.set_label_position("top")
    axes.xaxis.tick_top()
    axes.set_yticks([])
    axes.spines[["left", "right", "bottom"]].set_visible(False)
    axes.set_xlabel(f"mean rank of the AUC: {title}; critical difference {distance:.2f}")
    figure.savefig(path, dpi=150, bbox_inches="tight")


def _row(cells: object) -> str:
    return "| " + " | ".join(cells) + " |"


def _rule(columns: int) -> str:
    return "|" + "---|" * columns


def _percent(value: float) -> str:
    return "" if math.isnan(value) else f"{100 * value:.1f}"
