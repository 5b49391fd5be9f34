"""Figure of latent outlier exposure: a metric against the ratio of anomalies."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from kerasocc.plots.style import MARKERS, SERIES, label_axes, make_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def plot_ratios(
    curves: Mapping[str, Mapping[float, Sequence[float]]],
    *,
    x: str,
    y: str,
    truth: float | None = None,
) -> Figure:
    """Plot the mean of a metric against a ratio of anomalies, with its standard error.

    Args:
        curves: Values of the metric by name of the curve and by ratio. A ratio without
            values is omitted.
        x: Label of the axis of ratios.
        y: Label of the axis of the metric.
        truth: The true ratio, marked by a vertical line, or None.

    Returns:
        The figure.
    """
    figure = make_figure(6, 4)
    axes = figure.subplots()
    for number, (name, by_ratio) in enumerate(curves.items()):
        measured = {ratio: values for ratio, values in by_ratio.items() if values}
        means = [statistics.mean(values) for values in measured.values()]
        errors = [statistics.pstdev(v) / len(v) ** 0.5 for v in measured.values()]
        axes.errorbar(
            [100 * ratio for ratio in measured],
            means,
            errors,
            marker=MARKERS[number % len(MARKERS)],
            color=SERIES[number % len(SERIES)],
            capsize=3,
            label=name,
        )
    if truth is not None:
        axes.axvline(100 * truth, color="grey", linestyle=":", label="true ratio")
    label_axes(axes, x, y)
    axes.legend(frameon=False, loc="lower left", bbox_to_anchor=(0, 1), ncols=3)
    return figure
