"""The figure of images with their heat maps."""

import numpy as np
import pytest

from kerasocc.plots import plot_heat_maps

IMAGES = np.random.default_rng(0).uniform(size=(3, 6, 8, 3))
MAPS = np.random.default_rng(1).uniform(size=(3, 6, 8, 1))


def shown(figure):
    return [[image.get_array() for image in axes.images] for axes in figure.axes]


def test_images_stand_above_their_maps():
    figure = plot_heat_maps(IMAGES, MAPS, [0.5, 1.0, 2.0], names=["a", "b", "$c_d"])
    assert len(figure.axes) == 6
    np.testing.assert_allclose(shown(figure)[4][0], MAPS[1, ..., 0])
    assert [axes.get_title() for axes in figure.axes[:3]] == ["a\n0.500", "b\n1.00", "$c_d\n2.00"]
    # All maps have one scale.
    assert len({axes.images[0].get_clim() for axes in figure.axes[3:]}) == 1


def test_masks_are_a_third_row():
    figure = plot_heat_maps(IMAGES, MAPS[..., 0], masks=MAPS > 0.5)
    assert len(figure.axes) == 9
    np.testing.assert_array_equal(shown(figure)[8][0], MAPS[2, ..., 0] > 0.5)


def test_flat_maps(tmp_path):
    plot_heat_maps(IMAGES[..., 0], np.zeros((3, 6, 8))).savefig(tmp_path / "flat.png")
    assert (tmp_path / "flat.png").stat().st_size > 1000


@pytest.mark.parametrize("name", ["heat_maps", "masks"])
def test_other_shapes_are_refused(name):
    given = {"heat_maps": MAPS, "masks": MAPS, name: MAPS[:2]}
    with pytest.raises(ValueError, match=f"`{name}` must have the samples, height and width"):
        plot_heat_maps(IMAGES, **given)
