"""The pictures: what is drawn, and what is refused."""

import subprocess
import sys

import numpy as np
import pytest
from matplotlib.figure import Figure
from sklearn.metrics import roc_auc_score

from kerasocc import plots
from kerasocc.plots.style import NAMES

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


def test_extremes_are_in_order_with_label_and_score():
    figure = draw(plots.plot_extremes(IMAGES, SCORES, LABELS, count=3))
    titles = [axes.get_title() for axes in panels(figure)]
    order = np.argsort(SCORES)
    expected = [*order[:3], *order[::-1][:3]]
    assert titles == [f"{NAMES[LABELS[i]]}\n{SCORES[i]:#.3g}" for i in expected]
    shown = panels(figure)[0].images[0].get_array()
    span = IMAGES.max() - IMAGES.min()
    np.testing.assert_allclose(
        shown, (IMAGES[order[0], ..., 0] - IMAGES.min()) / span, rtol=1e-5, atol=1e-6
    )


@pytest.mark.parametrize("shape", [(5, 4, 4), (5, 4, 4, 1), (5, 4, 4, 3)])
def test_extremes_take_images_of_any_kind_and_show_none_twice(shape):
    figure = draw(plots.plot_extremes(np.ones(shape, "uint8"), SCORES[:5], LABELS[:5]))
    assert len(panels(figure)) == 4


@pytest.mark.parametrize("shape", [(5, 4), (5, 4, 4, 2), (0, 4, 4)])
def test_extremes_refuse_what_is_no_image(shape):
    with pytest.raises(ValueError, match=r"`x` must hold images.*Received: shape \("):
        plots.plot_extremes(np.ones(shape), SCORES[: shape[0]], LABELS[: shape[0]])


@pytest.mark.parametrize("channels", [1, 3])
def test_decomposition_shows_input_reconstruction_and_noise(channels):
    x = GENERATOR.random((5, 4, 4, channels))
    noise = np.zeros_like(x)
    noise[2, 1, 1] = -0.5
    figure = draw(plots.plot_decomposition(x, x - noise, noise))
    shown = [np.asarray(axes.images[0].get_array()) for axes in figure.axes]
    assert len(shown) == 15
    lowest = min((x - noise).min(), x.min())
    highest = max((x - noise).max(), x.max())
    expected = (x[3] - lowest) / (highest - lowest)
    np.testing.assert_allclose(shown[3], expected[..., 0] if channels == 1 else expected, rtol=1e-5)
    # No noise is grey, whatever the sign of the rest.
    assert np.all(shown[10] == 0.5) and np.all(shown[12][1, 1] == 0.0)
    assert {t.get_text() for axes in figure.axes for t in axes.texts} == {
        "input",
        "reconstruction",
        "noise",
    }


def test_decomposition_refuses_other_shapes():
    with pytest.raises(ValueError, match="must have the same shape. Received: .*4, 4, 3"):
        plots.plot_decomposition(np.zeros((2, 4, 4, 3)), np.zeros((2, 4, 4, 1)), np.zeros((2, 4)))


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


def test_history_shows_every_phase_and_the_drops():
    rates = [0.1, 0.1, 0.01, 0.01]
    histories = {
        "pretraining": {"loss": [100.0, 10.0, 1.0]},
        "training": {
            "loss": [3.0, 2.0, 1.0, 1.0],
            "embedding_spread": [0.4, 0.3, 0.2, 0.1],
            "learning_rate": rates,
        },
    }
    figure = draw(plots.plot_history(histories))
    first, second = figure.axes[:2]
    assert [first.get_title(), second.get_title()] == ["Pretraining", "Training"]
    assert first.get_yscale() == "log" and second.get_yscale() == "linear"
    assert list(second.lines[0].get_ydata()) == histories["training"]["loss"]
    assert list(second.lines[1].get_xdata()) == [2.5, 2.5]
    assert figure.axes[2].texts[0].get_text() == "not recorded"
    assert len(figure.legends) == 1


def test_history_of_one_epoch_and_of_nothing():
    draw(plots.plot_history({"training": {"loss": [1.0], "embedding_spread": [0.0]}}))
    with pytest.raises(ValueError, match="`histories` must hold at least one phase"):
        plots.plot_history({})


def test_no_pyplot_and_no_matplotlib_before_it_is_used():
    code = (
        "import sys, kerasocc.plots as plots; print('matplotlib' in sys.modules);"
        "plots.plot_histogram([1.0, 2.0], [0, 1]); print('matplotlib.pyplot' in sys.modules)"
    )
    output = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert output.stdout.split() == ["False", "False"], output.stderr
