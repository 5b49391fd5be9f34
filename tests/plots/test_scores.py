"""Histograms and ROC curves: what is drawn, and what is refused."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from kerasocc import plots
from tests.plots.figures import LABELS, SCORES, draw


def test_histogram_shows_shares_and_the_threshold():
    figure = draw(plots.plot_histogram(SCORES, LABELS, 1.5))
    (axes,) = figure.axes
    heights = [sum(bar.get_height() for bar in container) for container in axes.containers]
    assert heights == pytest.approx([100, 100])
    assert axes.lines[0].get_xdata() == [1.5, 1.5]
    names = [text.get_text() for text in axes.get_legend().get_texts()]
    assert sorted(names) == ["anomaly (70 samples)", "normal (30 samples)", "threshold 1.5"]
    assert axes.get_xscale() == "linear"


def test_histogram_of_wide_scores_is_logarithmic():
    figure = draw(plots.plot_histogram(np.exp(5 * SCORES), LABELS, 100.0))
    (axes,) = figure.axes
    assert axes.get_xscale() == "log"
    shares = [sum(bar.get_height() for bar in container) for container in axes.containers]
    assert shares == pytest.approx([100, 100])


@pytest.mark.parametrize(
    ("scores", "labels"),
    [(np.zeros(4), [0, 0, 1, 1]), (-SCORES, LABELS), (SCORES[:30], LABELS[:30])],
)
def test_histogram_of_constant_negative_and_one_sided_scores(scores, labels):
    draw(plots.plot_histogram(scores, np.array(labels)))


def test_roc_names_the_area_and_marks_the_threshold():
    figure = draw(plots.plot_roc(LABELS, SCORES, 1.5))
    (axes,) = figure.axes
    names = [text.get_text() for text in axes.get_legend().get_texts()]
    assert f"AUC {100 * roc_auc_score(LABELS, SCORES):.2f} %" in names
    curve = axes.lines[1]
    area = np.trapezoid(curve.get_ydata(), curve.get_xdata()) / 1e4
    assert area == pytest.approx(roc_auc_score(LABELS, SCORES))
    point = axes.lines[2].get_xydata()[0]
    flagged = SCORES > 1.5
    assert point == pytest.approx(
        [100 * flagged[LABELS == 0].mean(), 100 * flagged[LABELS == 1].mean()]
    )


def test_roc_needs_both_classes():
    with pytest.raises(ValueError, match=r"`labels` must hold.*Received: \[1\] only"):
        plots.plot_roc(np.ones(3, int), SCORES[:3])


@pytest.mark.parametrize("function", [plots.plot_histogram, plots.plot_roc])
def test_lengths_must_agree(function):
    with pytest.raises(ValueError, match=r"one value per sample.*shapes \(\d+,\) and \(\d+,\)"):
        function(np.ones(3), np.ones(4))


def test_histogram_shows_where_the_threshold_may_be():
    for interval, ends in (((1.0, 1.8), (1.0, 1.8)), ((None, None), None), ((1.0, None), (1.0, 3))):
        figure = draw(plots.plot_histogram(SCORES, LABELS, 1.5, interval=interval, width=4))
        (axes,) = figure.axes
        band = axes.patches[-1]
        low, high = SCORES.min(), SCORES.max()
        expected = (low, high) if ends is None else (ends[0], min(ends[1], high))
        assert (band.get_x(), band.get_x() + band.get_width()) == pytest.approx(expected)
        assert "95 % interval" in [text.get_text() for text in axes.get_legend().get_texts()]


def test_precision_and_recall_by_hand():
    labels, scores = np.array([0, 1, 0, 1]), np.array([0.1, 0.2, 0.3, 0.4])
    (axes,) = draw(plots.plot_precision_recall(labels, scores, 0.25)).axes
    names = [text.get_text() for text in axes.get_legend().get_texts()]
    # The first is found at a precision of 1, the second at 2 of 3.
    assert f"average {100 * (0.5 * 1 + 0.5 * 2 / 3):.2f} %" in names
    chance, curve, point = axes.lines
    assert list(chance.get_ydata()) == [50, 50]
    found = {tuple(pair) for pair in np.round(curve.get_xydata(), 6)}
    assert {(100, 50), (100, round(200 / 3, 6)), (50, 50), (50, 100)} == found
    assert point.get_xydata()[0] == pytest.approx([50, 50])
    # No point where nothing is flagged.
    assert len(draw(plots.plot_precision_recall(labels, scores, 1.0)).axes[0].lines) == 2
    with pytest.raises(ValueError, match=r"`labels` must hold.*Received: \[1\] only"):
        plots.plot_precision_recall(np.ones(3, int), SCORES[:3])
