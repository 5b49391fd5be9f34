"""Figures of scores: their distribution, their ROC curve, precision and recall."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from kerasocc.plots.style import (
    COLORS,
    HATCHES,
    NAMES,
    checked_scores,
    label_axes,
    make_figure,
    make_logarithmic,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BINS = 40
"""Most bins of a histogram; fewer samples have fewer, at least `FEWEST_BINS`."""
FEWEST_BINS = 10
WIDE_FIGURE = 6.0
"""Width in inches from which a legend has several columns."""
WIDE_RATIO = 30
"""Ratio of largest to smallest score from which the axis is logarithmic."""


def plot_histogram(
    scores: Any,
    labels: Any = None,
    threshold: float | None = None,
    *,
    interval: tuple[float | None, float | None] | None = None,
    width: float = 7.0,
) -> Figure:
    """Plot a histogram of the scores of normal samples and anomalies.

    Args:
        scores: Anomaly scores, shape `(samples,)`.
        labels: 0 normal, 1 anomaly, shape `(samples,)`; None for samples without labels.
        threshold: The decision threshold, or None.
        interval: Where it may be, drawn as a band: both ends, None for one that is not known.
        width: Of the figure, in inches. The legend of a narrow one has one column.

    Returns:
        The figure.

    Raises:
        ValueError: If the lengths differ.
    """
    names = NAMES if labels is not None else ("without labels",)
    labels = np.zeros(np.shape(scores), int) if labels is None else labels
    scores, labels = checked_scores(scores, labels)
    bins, scale = _bins(scores, threshold)
    figure = make_figure(width, 4 if width >= WIDE_FIGURE else 3.6)
    axes = figure.subplots()
    if scale == "log":
        make_logarithmic(axes, "x")
    for label, name in enumerate(names):
        chosen = scores[labels == label]
        if not len(chosen):
            continue
        axes.hist(
            chosen,
            bins,
            # Percentages: the classes may differ in size by orders of magnitude.
            weights=np.full(len(chosen), 100 / len(chosen)),
            color=COLORS[label],
            alpha=0.6,
            hatch=HATCHES[label],
            edgecolor="white",
            linewidth=0.5,
            label=f"{name} ({len(chosen)} samples)",
        )
    if threshold is not None:
        axes.axvline(threshold, color="black", linestyle="--", label=f"threshold {threshold:.3g}")
    if interval is not None:
        _draw_band(axes, bins, interval)
    whole = "class" if names == NAMES else "samples"
    label_axes(axes, "anomaly score", f"share of the {whole} [%]")
    # Above the axes, because inside it could hide bars.
    columns = 3 if width >= WIDE_FIGURE else 1
    axes.legend(frameon=False, loc="lower left", bbox_to_anchor=(0, 1), ncols=columns)
    return figure


def _draw_band(axes: Axes, bins: np.ndarray, interval: tuple[float | None, float | None]) -> None:
    """Shade the scores in which the threshold may lie; an end that is not known is the edge."""
    low, high = (
        edge if end is None else min(max(end, bins[0]), bins[-1])
        for end, edge in zip(interval, (bins[0], bins[-1]), strict=True)
    )
    axes.axvspan(low, high, color="gray", alpha=0.2, lw=0, zorder=0, label="95 % interval")


def plot_roc(labels: Any, scores: Any, threshold: float | None = None) -> Figure:
    """Plot the receiver operating characteristic, with its area in the legend.

    Args:
        labels: 0 normal, 1 anomaly, shape `(samples,)`.
        scores: Anomaly scores, shape `(samples,)`.
        threshold: The decision threshold, whose point on the curve is marked, or None.

    Returns:
        The figure.

    Raises:
        ValueError: If the lengths differ or a class is missing.
    """
    from sklearn.metrics import roc_auc_score, roc_curve

    scores, labels = _of_both_classes(scores, labels)
    false_positive, true_positive, _ = roc_curve(labels, scores, drop_intermediate=False)
    auc = roc_auc_score(labels, scores)
    figure = make_figure(5, 5)
    axes = figure.subplots()
    axes.plot([0, 100], [0, 100], color="gray", linestyle=":", label="chance")
    axes.plot(
        100 * false_positive, 100 * true_positive, color=COLORS[0], label=f"AUC {100 * auc:.2f} %"
    )
    if threshold is not None:
        flagged = scores > threshold
        point = (100 * flagged[labels == 0].mean(), 100 * flagged[labels == 1].mean())
        _mark(axes, point, threshold)
    label_axes(axes, "false positive rate [%]", "true positive rate [%]")
    axes.set(xlim=(-1, 101), ylim=(-1, 101), aspect="equal")
    axes.legend(frameon=False, loc="lower right")
    return figure


def plot_precision_recall(labels: Any, scores: Any, threshold: float | None = None) -> Figure:
    """Plot precision against recall, with the average precision in the legend.

    Chance is the share of anomalies: the precision of scores that say nothing.

    Args:
        labels: 0 normal, 1 anomaly, shape `(samples,)`.
        scores: Anomaly scores, shape `(samples,)`.
        threshold: The decision threshold, whose point on the curve is marked unless it flags no
            sample, or None.

    Returns:
        The figure.

    Raises:
        ValueError: If the lengths differ or a class is missing.
    """
    from sklearn.metrics import average_precision_score, precision_recall_curve

    scores, labels = _of_both_classes(scores, labels)
    precision, recall, _ = precision_recall_curve(labels, scores)
    average = average_precision_score(labels, scores)
    figure = make_figure(5, 5)
    axes = figure.subplots()
    chance = 100 * labels.mean()
    axes.plot([0, 100], [chance, chance], color="gray", linestyle=":", label="chance")
    # Steps, as the average precision sums them; no precision belongs to a recall of 0.
    axes.plot(
        100 * recall[:-1],
        100 * precision[:-1],
        color=COLORS[0],
        drawstyle="steps-pre",
        label=f"average {100 * average:.2f} %",
    )
    flagged = scores > (np.inf if threshold is None else threshold)
    if flagged.any():
        _mark(axes, (100 * flagged[labels == 1].mean(), 100 * labels[flagged].mean()), threshold)
    label_axes(axes, "recall [%]", "precision [%]")
    axes.set(xlim=(-1, 101), ylim=(-1, 101), aspect="equal")
    axes.legend(frameon=False, loc="lower left")
    return figure


def _of_both_classes(scores: Any, labels: Any) -> tuple[np.ndarray, np.ndarray]:
    scores, labels = checked_scores(scores, labels)
    if len(np.unique(labels)) < 2:
        raise ValueError(
            "`labels` must hold normal samples (0) and anomalies (1). "
            f"Received: {np.unique(labels).tolist()} only"
        )
    return scores, labels


def _mark(axes: Axes, point: tuple[float, float], threshold: float) -> None:
    """Mark the point of the threshold on a curve."""
    name = f"threshold {threshold:.3g}"
    axes.plot(*point, "o", color="black", label=name, clip_on=False, zorder=3)


def _bins(scores: np.ndarray, threshold: float | None) -> tuple[np.ndarray, str]:
    """Edges of the bins for both classes, and the scale of the axis."""
    count = int(np.clip(2 * np.sqrt(len(scores)), FEWEST_BINS, BINS))
    shown = scores if threshold is None else np.append(scores, threshold)
    low, high = float(shown.min()), float(shown.max())
    if 0 < low and high > WIDE_RATIO * low:
        return np.geomspace(low, high, count + 1), "log"
    if low == high:
        low, high = low - 0.5, high + 0.5
    return np.linspace(low, high, count + 1), "linear"
