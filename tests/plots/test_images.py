"""Figures of images: what is drawn, and what is refused."""

import numpy as np
import pytest

from kerasocc import plots
from kerasocc.plots.style import NAMES
from tests.plots.figures import GENERATOR, IMAGES, LABELS, SCORES, draw, panels


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
