"""Figures that compare models: what is drawn, and what is refused."""

import numpy as np
import pytest

from kerasocc import plots
from tests.plots.figures import LABELS, SCORES, draw


def test_curves_differ_by_more_than_their_colour():
    (axes,) = draw(plots.plot_rocs({"a": (LABELS, SCORES), "b": (LABELS, -SCORES)})).axes
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["a", "b"]
    _, first, second = axes.lines
    assert first.get_linestyle() != second.get_linestyle()
    areas = [np.trapezoid(line.get_ydata(), line.get_xdata()) / 1e4 for line in (first, second)]
    assert sum(areas) == pytest.approx(1)
    with pytest.raises(ValueError, match="one value per sample"):
        plots.plot_rocs({"a": (LABELS[:3], SCORES)})


def test_places_have_a_row_each():
    values = {"SVDD": {"$0^": 90.0, "1": 80.0}, "SAD": {"1": 85.0}}
    (axes,) = draw(plots.plot_places(values, x="AUC")).axes
    assert [label.get_text() for label in axes.get_yticklabels()] == ["$0^", "1"]
    assert axes.lines[0].get_xydata().tolist() == [[90, 0], [80, 1]]
    assert axes.lines[1].get_xydata().tolist() == [[85, 1]]
    assert axes.lines[0].get_marker() != axes.lines[1].get_marker()
    with pytest.raises(ValueError, match="at least one value"):
        plots.plot_places({"SVDD": {}}, x="AUC")
