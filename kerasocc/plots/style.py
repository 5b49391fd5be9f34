"""Common style of the figures: colours, axes, sizes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

NAMES = ("normal", "anomaly")
COLORS = ("#0072B2", "#D55E00")
"""Blue and vermillion of Okabe and Ito's palette for colour-blind readers."""
SERIES = (*COLORS, "#009E73", "#CC79A7", "#7A5FD0", "#8A6D00")
"""For several curves, which differ by their markers or dashes too."""
MARKERS = "osv^DP"
DASHES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (1, 1)))
HATCHES = ("", "///")
"""One per class, so that the classes differ in greyscale too."""


def make_figure(width: float, height: float) -> Figure:
    """An empty figure of the given size in inches, created without pyplot."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), dpi=120, layout="constrained")


def label_axes(axes: Axes, x: str, y: str) -> None:
    """Label the axes and hide the top and right spines."""
    axes.set(xlabel=x, ylabel=y)
    axes.spines[["top", "right"]].set_visible(False)


def make_logarithmic(axes: Axes, name: str) -> None:
    """Make an axis logarithmic, with ticks at 1, 2 and 5 times powers of ten as plain numbers."""
    from matplotlib.ticker import LogLocator, NullFormatter

    axes.set(**{f"{name}scale": "log"})
    axis = getattr(axes, f"{name}axis")
    axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axis.set_major_formatter("{x:g}")
    axis.set_minor_formatter(NullFormatter())


def checked_scores(
    scores: Any, labels: Any, samples: int | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Return scores and labels as arrays if both have one value per sample."""
    scores, labels = np.asarray(scores), np.asarray(labels)
    expected = (len(scores) if samples is None else samples,)
    if scores.shape != expected or labels.shape != expected or not len(scores):
        raise ValueError(
            "`scores` and `labels` must hold one value per sample. "
            f"Received: shapes {scores.shape} and {labels.shape}"
            f"{'' if samples is None else f' for {samples} samples'}"
        )
    return scores, labels
