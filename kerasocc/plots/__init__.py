"""Pictures of samples, scores and trainings, as matplotlib figures.

Functions from arrays to `matplotlib.figure.Figure`, without pyplot and its global
state: `figure.savefig(path)` writes one, a notebook shows one.
"""

from kerasocc.plots.history import plot_history
from kerasocc.plots.images import plot_decomposition, plot_extremes
from kerasocc.plots.scores import plot_histogram, plot_roc

__all__ = [
    "plot_decomposition",
    "plot_extremes",
    "plot_histogram",
    "plot_history",
    "plot_roc",
]
