"""Figures of images: what is drawn, and what is refused."""

import io

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


def test_names_stand_under_the_images_and_labels_may_be_absent():
    names = np.array([f"$a_{i}^.png" for i in range(99)] + ["much/longer/than/an/image.png"])
    figure = draw(plots.plot_extremes(IMAGES, np.arange(100), names=names, count=2))
    texts = [[text.get_text() for text in axes.texts] for axes in panels(figure)]
    assert texts == [["$a_0^.png"], ["$a_1^.png"], ["…an/an/image.png"], ["$a_98^.png"]]
    for axes in panels(figure):
        # Below the image and within the figure, also of tall images.
        assert axes.texts[0].get_window_extent().y1 < axes.get_window_extent().y0
    assert [axes.get_title() for axes in panels(figure)] == ["0.00", "1.00", "99.0", "98.0"]


def test_names_of_tall_images_are_clear_of_the_next_row():
    tall = GENERATOR.random((40, 30, 10))
    names = np.array(["a.png"] * 40)
    figure = plots.plot_extremes(tall, np.arange(40), np.zeros(40), names=names)
    figure.savefig(io.BytesIO())  # lays it out
    axes = panels(figure)
    for upper, lower in zip(axes[:8], axes[8:16], strict=True):
        name, title = upper.texts[0].get_window_extent(), lower.title.get_window_extent()
        assert name.y0 > title.y1


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
