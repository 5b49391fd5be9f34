"""Permuted blocks and strokes."""

import numpy as np
import pytest
import tensorflow as tf

from kerasocc.datasets import altered
from kerasocc.datasets.alterations import (
    as_map,
    draw_strokes,
    masks_of_strokes,
    permute_blocks,
    stroke_mask,
)


@pytest.fixture
def images(random):
    return random.integers(0, 256, size=(12, 16, 24, 3), dtype="uint8")


def blocks_of(image, count):
    rows, columns = image.shape[0] // count, image.shape[1] // count
    return [
        image[rows * i : rows * (i + 1), columns * j : columns * (j + 1)]
        for i in range(count)
        for j in range(count)
    ]


@pytest.mark.parametrize("count", [2, 4, 8])
def test_blocks_are_kept_and_moved(images, count):
    permuted = permute_blocks(images, blocks=count, seed=1)
    assert permuted.shape == images.shape and permuted.dtype == images.dtype
    for image, other in zip(images, permuted, strict=True):
        before, after = blocks_of(image, count), blocks_of(other, count)
        places = [[np.array_equal(a, b) for b in before].index(True) for a in after]
        assert sorted(places) == list(range(count**2))
        assert places != sorted(places)


def test_the_order_is_never_the_original(random):
    images = random.integers(0, 256, size=(500, 2, 2, 1), dtype="uint8")
    images[:, :, :, 0] = [[0, 1], [2, 3]]
    permuted = permute_blocks(images, blocks=2)
    # One of 24 orders is the identity: of 500 draws about 21 have to be repeated.
    assert all((a != b).any() for a, b in zip(images, permuted, strict=True))
    assert len({a.tobytes() for a in permuted}) == 23


def test_strokes_have_one_colour_and_grow_with_the_thickness(images):
    black = np.zeros_like(images)
    shares = []
    for thickness in (1, 3, 6):
        drawn = draw_strokes(black, thickness=thickness, seed=2)
        for image in drawn:
            colors = np.unique(image.reshape(-1, 3), axis=0)
            assert len(colors) == 2 and (colors[0] == 0).all()
        shares.append((drawn != 0).any(axis=-1).mean())
    assert 0.02 < shares[0] < shares[1] < shares[2] < 0.9
    altered_images = draw_strokes(images, thickness=1, seed=2)
    changed = (altered_images != images).any(axis=-1)
    assert changed.any(axis=(1, 2)).all() and changed.mean() < 0.5


def test_a_stroke_by_hand():
    # From the center of pixel (1, 1) to that of (1, 4).
    segments = np.array([[[[1.5, 1.5], [1.5, 4.5]]]])
    expected = np.zeros((4, 6), bool)
    expected[1, 1:5] = True
    np.testing.assert_array_equal(stroke_mask(segments, (4, 6), thickness=1)[0], expected)
    expected[[0, 2], 1:5] = True
    expected[1, [0, 5]] = True
    np.testing.assert_array_equal(stroke_mask(segments, (4, 6), thickness=2)[0], expected)


@pytest.mark.parametrize("thickness", [1, 2, 3, 6])
def test_strokes_are_as_thick_as_they_should_be(thickness, random):
    angles = random.uniform(0, 2 * np.pi, 200)
    middles, length = random.uniform(58, 62, size=(200, 2)), 90
    half = length / 2 * np.stack([np.sin(angles), np.cos(angles)], axis=1)
    segments = np.stack([middles - half, middles + half], axis=1)[:, None]
    covered = stroke_mask(segments, (120, 120), thickness).sum(axis=(1, 2))
    # Both ends together are a disk.
    expected = length * thickness + np.pi / 4 * thickness**2
    assert covered.mean() == pytest.approx(expected, rel=0.01)


def test_a_stroke_reaches_the_pixels_whose_centers_are_near(random):
    for thickness in (1, 2, 5):
        start, end = random.uniform(0, 12, size=(2, 2))
        mask = stroke_mask(np.array([[[start, end]]]), (12, 12), thickness)[0]
        points = start + np.linspace(0, 1, 2001)[:, None] * (end - start)
        for row, column in np.ndindex(12, 12):
            distance = np.linalg.norm(points - (row + 0.5, column + 0.5), axis=1).min()
            if abs(distance - thickness / 2) > 0.01:
                assert mask[row, column] == (distance < thickness / 2)


def test_a_stroke_between_the_centers_covers_a_pixel(random):
    starts = random.uniform(0, 8, size=(300, 1, 2))
    ends = starts + random.normal(0, 0.1, size=(300, 1, 2))
    masks = stroke_mask(np.stack([starts, ends], axis=2), (8, 8), thickness=1)
    assert masks.any(axis=(1, 2)).all() and masks.sum(axis=(1, 2)).max() <= 4
    pixel = np.floor([[2.02, 5.97]]).astype(int)[0]
    mask = stroke_mask(np.array([[[[2.02, 5.97], [2.03, 5.97]]]]), (8, 8), thickness=1)[0]
    assert mask[tuple(pixel)] and mask.sum() == 1


def test_strokes_are_everywhere_and_as_long_as_they_should_be():
    black = np.zeros((400, 16, 24, 1), "uint8")
    covered = (draw_strokes(black, seed=0) != 0).any(axis=-1)
    assert covered.any(axis=0).all()
    # 3 to 8 strokes of 2.4 to 12 pixels, one pixel wide; they cross, and leave the image.
    assert covered.sum(axis=(1, 2)).max() <= 8 * 14
    assert 12 < covered.sum(axis=(1, 2)).mean() < 5.5 * 7.2


def test_floats_keep_their_range(random):
    images = random.uniform(-2.0, 3.0, size=(5, 8, 8, 1)).astype("float32")
    drawn = draw_strokes(images, seed=1)
    assert drawn.dtype == "float32" and drawn.min() >= -2.0 and drawn.max() <= 3.0


@pytest.mark.parametrize("alter", [permute_blocks, draw_strokes])
def test_what_is_drawn_depends_on_seed_and_index_alone(alter, images):
    whole = alter(images, seed=3)
    np.testing.assert_array_equal(whole, alter(images, seed=3))
    assert (alter(images, seed=4) != whole).any()
    if alter is draw_strokes:
        whole = alter(images[5:7], seed=3, indices=[5, 6])
        np.testing.assert_array_equal(whole, alter(images, seed=3)[5:7])
    stream = tf.data.Dataset.from_tensor_slices(images).enumerate().map(as_map(alter, seed=3))
    assert stream.element_spec.shape == (16, 24, 3)
    np.testing.assert_array_equal(np.stack(list(stream.as_numpy_iterator())), alter(images, seed=3))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x: permute_blocks(x, blocks=3), "`blocks` must divide height and width, 16 and 24"),
        (lambda x: permute_blocks(x, blocks=1), "`blocks` must be an integer of at least 2"),
        (lambda x: draw_strokes(x, thickness=0), "`thickness` must be an integer of at least 1"),
        (lambda x: draw_strokes(x[0]), r"`images` must have shape .*Received: shape \(16, 24, 3\)"),
        (lambda x: altered((x, np.zeros(12)), kind="holes", amount=1), "`kind` must be one of"),
        (lambda x: altered((x[:, 0, 0], np.zeros(12)), kind="blocks", amount=2), "hold images"),
    ],
)
def test_bad_input(call, message, images):
    with pytest.raises(ValueError, match=message):
        call(images)


@pytest.mark.parametrize("options", [{}, {"thickness": 3, "strokes": (1, 2), "seed": 7}])
def test_masks_are_what_the_strokes_cover(options, random):
    images = random.uniform(2.0, 3.0, size=(5, 16, 20, 2))
    masks = masks_of_strokes(images, indices=[3, 1, 4, 0, 9], **options)
    drawn = draw_strokes(images, indices=[3, 1, 4, 0, 9], **options)
    # A drawn colour equals no pixel of random floats.
    np.testing.assert_array_equal(masks, np.any(drawn != images, axis=-1))
    assert masks.any(axis=(1, 2)).all()


@pytest.mark.parametrize("strokes", [(0, 1), (3, 2)])
def test_the_number_of_strokes_is_checked(strokes, images):
    with pytest.raises(ValueError, match="`strokes` must be an integer of at least"):
        draw_strokes(images, strokes=strokes)
