"""Scores and images that the tests plot, and the drawing of figures."""

import numpy as np
from matplotlib.figure import Figure

GENERATOR = np.random.default_rng(0)

LABELS = np.array([0] * 30 + [1] * 70)

SCORES = np.concatenate([GENERATOR.normal(1, 0.3, 30), GENERATOR.normal(2, 0.3, 70)])

IMAGES = GENERATOR.random((100, 4, 4, 1))


def panels(figure):
    """Axes that show something."""
    return [axes for axes in figure.axes if axes.has_data()]


def draw(figure):
    assert isinstance(figure, Figure)
    figure.canvas.draw()
    return figure
