"""Figure of the metrics of a training per epoch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from kerasocc.plots.style import COLORS, make_figure, make_logarithmic

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SECOND_CURVES = ("embedding_spread", "score_spread", "noise_norm")
"""Metric that is shown with the loss; which of them is logged depends on the model."""
DRIVEN = {
    "val_auc": "validation AUC",
    "radius": "radius R",
    "r": "bias r",
    "regularization_weight": "weight c_t",
    "variance_threshold": "threshold d_t",
    "flagged_share": "flagged share",
    "embedding_spread": "embedding spread",
    "score_spread": "score spread",
    "noise_norm": "norm of the noise",
}
"""What models and callbacks log beside the loss, and what it is called in figures."""
FEWEST_TICKS_RATIO = 5
"""Ratio of largest to smallest value from which the axis is logarithmic; a smaller range may
contain a single tick."""


def plot_history(histories: Mapping[str, Mapping[str, Sequence[float]]]) -> Figure:
    """Plot the loss and a second metric per epoch, the phases of a training side by side.

    Args:
        histories: Logs per epoch by name of the phase: `loss`, one of `SECOND_CURVES`, and
            `learning_rate`, whose drops are marked. Each of them may be missing.

    Returns:
        The figure.

    Raises:
        ValueError: If `histories` is empty.
    """
    if not histories:
        raise ValueError("`histories` must hold at least one phase. Received: none")
    figure = make_figure(1 + 4.2 * len(histories), 5.5)
    grid = figure.subplots(2, len(histories), sharex="col", squeeze=False)
    for column, (phase, history) in zip(grid.T, histories.items(), strict=True):
        column[0].set_title(phase[:1].upper() + phase[1:], fontweight="bold", fontsize=11)
        column[1].set_xlabel("epoch")
        second = next((name for name in SECOND_CURVES if name in history), SECOND_CURVES[0])
        for axes, name in zip(column, ("loss", second), strict=True):
            _plot_epochs(axes, history.get(name, ()), _drops(history))
            axes.set_ylabel(name.replace("_", " "))
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


def plot_quantities(history: Mapping[str, Sequence[float]], *, width: float = 4.6) -> Figure:
    """Plot everything that one phase of a training has logged per epoch, one below the other.

    Args:
        history: The loss, any of `DRIVEN`, and `learning_rate`, whose drops are marked.
        width: Of the figure, in inches.

    Returns:
        The figure.
    """
    titles = {"loss": "loss", **DRIVEN}
    shown = [name for name in titles if len(history.get(name, ()))] or ["loss"]
    figure = make_figure(width, 0.6 + 1.25 * len(shown) + 0.6 * (len(shown) == 1))
    column = figure.subplots(len(shown), sharex=True, squeeze=False)[:, 0]
    for axes, name in zip(column, shown, strict=True):
        _plot_epochs(axes, history.get(name, ()), _drops(history))
        axes.set_title(titles[name], loc="left", fontsize="medium")
    column[-1].set_xlabel("epoch")
    return figure


def _plot_epochs(axes: Axes, values: Sequence[float], drops: list[int]) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    if not len(values):
        axes.text(0.5, 0.5, "not recorded", ha="center", va="center", transform=axes.transAxes)
        return
    epochs = np.arange(1, len(values) + 1)
    axes.plot(epochs, values, color=COLORS[0], marker="o" if len(values) == 1 else None)
    if min(values) > 0 and max(values) >= FEWEST_TICKS_RATIO * min(values):
        make_logarithmic(axes, "y")
    for drop in drops:
        axes.axvline(drop + 0.5, color="gray", linestyle=":")


def _drops(history: Mapping[str, Sequence[float]]) -> list[int]:
    """Number of epochs trained before each drop of the learning rate."""
    rates = history.get("learning_rate", ())
    return [number for number in range(1, len(rates)) if rates[number] < rates[number - 1]]
