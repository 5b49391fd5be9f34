"""Matplotlib figures of samples, scores and training histories.

Each function takes arrays and returns a `matplotlib.figure.Figure`, without the global
state of pyplot. `figure.savefig(path)` writes it to a file; a notebook displays it.
"""

from kerasocc.plots.comparison import plot_places, plot_rocs
from kerasocc.plots.heat_maps import plot_heat_maps
from kerasocc.plots.history import plot_history, plot_quantities
from kerasocc.plots.images import plot_decomposition, plot_extremes
from kerasocc.plots.scores import plot_histogram, plot_precision_recall, plot_roc

__all__ = [
    "plot_decomposition",
    "plot_extremes",
    "plot_heat_maps",
    "plot_histogram",
    "plot_history",
    "plot_places",
    "plot_precision_recall",
    "plot_quantities",
    "plot_roc",
    "plot_rocs",
]
