"""Pictures of scores and trainings, as matplotlib figures.

Functions from arrays to `matplotlib.figure.Figure`, without pyplot and its global
state: `figure.savefig(path)` writes one, a notebook shows one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

NAMES = ("normal", "anomaly")
COLORS = ("#0072B2", "#D55E00")
"""Blue and vermillion of Okabe and Ito's palette: told apart by the colour-blind."""
HATCHES = ("", "///")
"""The classes differ by more than their colour, for printing in grey."""
COLUMNS = 8
BINS = 40
WIDE_RATIO = 30
"""Ratio of large to small scores from which on the axis is logarithmic."""
FEWEST_TICKS_RATIO = 5
"""The same for values per epoch: less than this may hold but one tick."""


def plot_extremes(x: Any, scores: Any, labels: Any, *, count: int = 16) -> Figure:
    """Show the most normal and the most anomalous images with label and score.

    Args:
        x: Images, shape `(samples, height, width)` or
            `(samples, height, width, channels)` with 1 or 3 channels.
        scores: Anomaly scores, shape `(samples,)`.
        labels: 0 normal, 1 anomaly, shape `(samples,)`.
        count: How many of either, at most; no image is shown as both.

    Raises:
        ValueError: If `x` does not hold images, or the lengths differ.
    """
    images = _as_images(x)
    scores, labels = _checked(scores, labels, len(images))
    order = np.argsort(scores, kind="stable")
    count = max(1, min(count, len(order) // 2))
    rows = -(-count // COLUMNS)
    figure = _figure(COLUMNS * 0.95, 2 * (rows * 1.3 + 0.4))
    blocks = figure.subfigures(2, 1, hspace=0.04)
    titles = ("Most normal: smallest scores", "Most anomalous: largest scores")
    for block, title, chosen in zip(blocks, titles, (order, order[::-1]), strict=True):
        block.suptitle(title, fontweight="bold", fontsize=11)
        for axes in block.subplots(rows, COLUMNS, squeeze=False).flat:
            axes.axis("off")
        for axes, index in zip(block.axes, chosen[:count], strict=False):
            axes.imshow(images[index], cmap="gray", vmin=0, vmax=1, interpolation="nearest")
            label = int(labels[index])
            score = f"{scores[index]:#.3g}".rstrip(".")
            axes.set_title(f"{NAMES[label]}\n{score}", fontsize=8, color=COLORS[label])
    return figure


def plot_histogram(scores: Any, labels: Any, threshold: float | None = None) -> Figure:
    """Show how the scores of normal samples and anomalies are distributed.

    Args:
        scores: Anomaly scores, shape `(samples,)`.
        labels: 0 normal, 1 anomaly, shape `(samples,)`.
        threshold: The decision threshold, or None.

    Raises:
        ValueError: If the lengths differ.
    """
    scores, labels = _checked(scores, labels)
    bins, scale = _bins(scores, threshold)
    figure = _figure(7, 4)
    axes = figure.subplots()
    if scale == "log":
        _make_logarithmic(axes, "x")
    for label, name in enumerate(NAMES):
        chosen = scores[labels == label]
        if not len(chosen):
            continue
        axes.hist(
            chosen,
            bins,
            # Shares: there are many more anomalies than normal samples, or fewer.
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
    _label(axes, "anomaly score", "share of the class [%]")
    # Above the axes: inside there is no place that is free of bars for all data.
    axes.legend(frameon=False, loc="lower left", bbox_to_anchor=(0, 1), ncols=3)
    return figure


def plot_roc(labels: Any, scores: Any, threshold: float | None = None) -> Figure:
    """Show the receiver operating characteristic, with its area in the legend.

    Args:
        labels: 0 normal, 1 anomaly, shape `(samples,)`.
        scores: Anomaly scores, shape `(samples,)`.
        threshold: The decision threshold, whose point is marked, or None.

    Raises:
        ValueError: If the lengths differ or a class is missing.
    """
    from sklearn.metrics import roc_auc_score, roc_curve

    scores, labels = _checked(scores, labels)
    if len(np.unique(labels)) < 2:
        raise ValueError(
            "`labels` must hold normal samples (0) and anomalies (1). "
            f"Received: {np.unique(labels).tolist()} only"
        )
    false_positive, true_positive, _ = roc_curve(labels, scores, drop_intermediate=False)
    auc = roc_auc_score(labels, scores)
    figure = _figure(5, 5)
    axes = figure.subplots()
    axes.plot([0, 100], [0, 100], color="gray", linestyle=":", label="chance")
    axes.plot(
        100 * false_positive, 100 * true_positive, color=COLORS[0], label=f"AUC {100 * auc:.2f} %"
    )
    if threshold is not None:
        flagged = scores > threshold
        point = (100 * flagged[labels == 0].mean(), 100 * flagged[labels == 1].mean())
        name = f"threshold {threshold:.3g}"
        axes.plot(*point, "o", color="black", label=name, clip_on=False, zorder=3)
    _label(axes, "false positive rate [%]", "true positive rate [%]")
    axes.set(xlim=(-1, 101), ylim=(-1, 101), aspect="equal")
    axes.legend(frameon=False, loc="lower right")
    return figure


def plot_history(histories: Mapping[str, Mapping[str, Sequence[float]]]) -> Figure:
    """Show loss and embedding spread per epoch, the phases side by side.

    Args:
        histories: By name of the phase what was logged per epoch: `loss`, and as far
            as there are `embedding_spread` and `learning_rate`, whose drops are marked.

    Raises:
        ValueError: If there is no phase.
    """
    if not histories:
        raise ValueError("`histories` must hold at least one phase. Received: none")
    figure = _figure(1 + 4.2 * len(histories), 5.5)
    grid = figure.subplots(2, len(histories), sharex="col", squeeze=False)
    for column, (phase, history) in zip(grid.T, histories.items(), strict=True):
        column[0].set_title(phase.capitalize(), fontweight="bold", fontsize=11)
        column[1].set_xlabel("epoch")
        for axes, name in zip(column, ("loss", "embedding_spread"), strict=True):
            _plot_epochs(axes, history.get(name, ()), _drops(history))
    for axes, name in zip(grid[:, 0], ("loss", "embedding spread"), strict=True):
        axes.set_ylabel(name)
    figure.align_ylabels()
    dropped = [axes.lines[-1] for axes in grid[0] if len(axes.lines) > 1]
    if dropped:
        figure.legend(
            dropped[:1],
            ["drop of the learning rate"],
            loc="outside lower center",
            frameon=False,
        )
    return figure


def _plot_epochs(axes: Axes, values: Sequence[float], drops: list[int]) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    if not len(values):
        axes.text(0.5, 0.5, "not recorded", ha="center", va="center", transform=axes.transAxes)
        return
    epochs = np.arange(1, len(values) + 1)
    axes.plot(epochs, values, color=COLORS[0], marker="o" if len(values) == 1 else None)
    if min(values) > 0 and max(values) >= FEWEST_TICKS_RATIO * min(values):
        _make_logarithmic(axes, "y")
    for drop in drops:
        axes.axvline(drop + 0.5, color="gray", linestyle=":")


def _drops(history: Mapping[str, Sequence[float]]) -> list[int]:
    """Number of epochs trained before each drop of the learning rate."""
    rates = history.get("learning_rate", ())
    return [number for number in range(1, len(rates)) if rates[number] < rates[number - 1]]


def _figure(width: float, height: float) -> Figure:
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), dpi=120, layout="constrained")


def _label(axes: Axes, x: str, y: str) -> None:
    axes.set(xlabel=x, ylabel=y)
    axes.spines[["top", "right"]].set_visible(False)


def _make_logarithmic(axes: Axes, name: str) -> None:
    """Make an axis logarithmic, its ticks plain numbers at 1, 2 and 5 times powers of ten."""
    from matplotlib.ticker import LogLocator, NullFormatter

    axes.set(**{f"{name}scale": "log"})
    axis = getattr(axes, f"{name}axis")
    axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axis.set_major_formatter("{x:g}")
    axis.set_minor_formatter(NullFormatter())


def _bins(scores: np.ndarray, threshold: float | None) -> tuple[np.ndarray, str]:
    """Common bins of both classes, and the scale of the axis that they suit."""
    shown = scores if threshold is None else np.append(scores, threshold)
    low, high = float(shown.min()), float(shown.max())
    if 0 < low and high > WIDE_RATIO * low:
        return np.geomspace(low, high, BINS + 1), "log"
    if low == high:
        low, high = low - 0.5, high + 0.5
    return np.linspace(low, high, BINS + 1), "linear"


def _as_images(x: Any) -> np.ndarray:
    """Scale images to [0, 1], shape `(samples, height, width)` or `(..., 3)`."""
    images = np.asarray(x)
    if images.ndim == 4 and images.shape[-1] == 1:
        images = images[..., 0]
    if len(images) == 0 or images.ndim != 3 and (images.ndim != 4 or images.shape[-1] != 3):
        raise ValueError(
            "`x` must hold images of shape (samples, height, width) or (samples, height, width, "
            f"channels) with 1 or 3 channels. Received: shape {np.shape(x)}"
        )
    images = images.astype("float32")
    low, high = images.min(), images.max()
    return (images - low) / (high - low if high > low else 1.0)


def _checked(scores: Any, labels: Any, samples: int | None = None) -> tuple[np.ndarray, np.ndarray]:
    scores, labels = np.asarray(scores), np.asarray(labels)
    expected = (len(scores) if samples is None else samples,)
    if scores.shape != expected or labels.shape != expected or not len(scores):
        raise ValueError(
            "`scores` and `labels` must hold one value per sample. "
            f"Received: shapes {scores.shape} and {labels.shape}"
            f"{'' if samples is None else f' for {samples} samples'}"
        )
    return scores, labels
