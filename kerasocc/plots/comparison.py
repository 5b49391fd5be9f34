"""Figures that compare models: their ROC curves, and a metric of each in several places."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from kerasocc.plots.style import DASHES, MARKERS, SERIES, checked_scores, label_axes, make_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def plot_rocs(curves: Mapping[str, tuple[Any, Any]]) -> Figure:
    """Plot the receiver operating characteristics of several models.

    Args:
        curves: Labels and scores, both of shape `(samples,)`, by the name of the model.

    Returns:
        The figure.

    Raises:
        ValueError: If the lengths of a pair differ.
    """
    from sklearn.metrics import roc_curve

    figure = make_figure(5, 5)
    axes = figure.subplots()
    axes.plot([0, 100], [0, 100], color="gray", linewidth=0.8)
    for number, (name, (labels, scores)) in enumerate(curves.items()):
        scores, labels = checked_scores(scores, labels)
        false_positive, true_positive, _ = roc_curve(labels, scores)
        axes.plot(
            100 * false_positive,
            100 * true_positive,
            color=SERIES[number % len(SERIES)],
            linestyle=DASHES[number % len(DASHES)],
            label=name,
        )
    label_axes(axes, "false positive rate [%]", "true positive rate [%]")
    axes.set(xlim=(-1, 101), ylim=(-1, 101), aspect="equal")
    axes.legend(frameon=False, loc="lower right")
    return figure


def plot_places(values: Mapping[str, Mapping[str, float]], *, x: str, width: float = 5) -> Figure:
    """Plot a metric of several models in several places, such as classes or data sets.

    Args:
        values: The metric by the name of the model and that of the place.
        x: Label of the axis of the metric.
        width: Of the figure, in inches.

    Returns:
        The figure: a row per place, a marker per model.

    Raises:
        ValueError: If there is no value.
    """
    places = list(dict.fromkeys(place for own in values.values() for place in own))
    if not places:
        raise ValueError("`values` must hold at least one value. Received: none")
    rows = {place: row for row, place in enumerate(places)}
    figure = make_figure(width, 1.2 + 0.3 * len(places) + 0.22 * len(values))
    axes = figure.subplots()
    for number, (name, own) in enumerate(values.items()):
        axes.plot(
            list(own.values()),
            [rows[place] for place in own],
            MARKERS[number % len(MARKERS)],
            color=SERIES[number % len(SERIES)],
            label=name,
        )
    axes.set_yticks(range(len(places)), places, parse_math=False)
    axes.set_ylim(len(places) - 0.5, -0.5)
    axes.grid(axis="y", linewidth=0.5)
    axes.set_axisbelow(True)
    label_axes(axes, x, "")
    axes.legend(frameon=False, loc="lower left", bbox_to_anchor=(0, 1))
    return figure
