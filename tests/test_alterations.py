"""Permuted blocks, strokes, and the protocol made of them."""

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from kerasocc.datasets import altered, one_vs_rest, spool
from kerasocc.datasets.protocols.image_alterations import as_map, draw_strokes, permute_blocks
from kerasocc.datasets.storage.rows import Rows


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


def test_a_stroke_by_hand(monkeypatch):
    from kerasocc.datasets import alterations

    # From the center of pixel (1, 1) to that of (1, 4), in units of the longer side of 6.
    segment = np.array([[[1.5, 1.5], [1.5, 4.5]]]) / 6

    monkeypatch.setattr(alterations, "_drawing", lambda *_: (segment, np.array([7.0])))
    drawn = draw_strokes(np.zeros((1, 4, 6, 1), "uint8"), thickness=1)[0, :, :, 0]
    expected = np.zeros((4, 6))
    expected[1, 1:5] = 7
    np.testing.assert_array_equal(drawn, expected)
    drawn = draw_strokes(np.zeros((1, 4, 6, 1), "uint8"), thickness=2)[0, :, :, 0]
    expected[[0, 2], 1:5] = 7
    expected[1, [0, 5]] = 7
    np.testing.assert_array_equal(drawn, expected)


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


@pytest.mark.parametrize("limit", [2**30, 0], ids=["memory", "disk"])
def test_the_protocol(limit, random, monkeypatch):
    monkeypatch.setattr(spool, "MEMORY_LIMIT", limit)
    x = random.integers(0, 256, size=(200, 8, 8, 3), dtype="uint8")
    classes = np.arange(200) % 4
    data = altered((x, classes), kind="blocks", amount=2, validation=0.25, test=0.2, labelled=0.1)
    assert isinstance(data.x_test, Rows) == (limit == 0)
    # 40 test, 40 of 160 validate, 120 train and 13 altered ones with them (13 / 133 = .1).
    assert (len(data.y_test), data.y_test.sum()) == (80, 40)
    assert (len(data.y_val), data.y_val.sum()) == (80, 40)
    assert (data.y_train == 0).sum() == 120 and (data.y_train == -1).sum() == 13
    np.testing.assert_array_equal(data.truth_train, data.y_train == -1)

    natural = {image.tobytes(): number for number, image in enumerate(x)}
    parts = [
        [natural[image.tobytes()] for image in np.asarray(part)[labels == 0]]
        for part, labels in (
            (data.x_train, data.truth_train),
            (data.x_val, data.y_val),
            (data.x_test, data.y_test),
        )
    ]
    everything = sum(parts, [])
    assert len(everything) == len(set(everything)) == 200
    # An anomaly is its twin's blocks in another order.
    test = np.asarray(data.x_test)
    for image, twin in zip(test[:40], test[40:], strict=True):
        assert (image != twin).any()
        np.testing.assert_array_equal(np.sort(image, axis=None), np.sort(twin, axis=None))


def write_voc(root):
    """Ten images to train on, six to test; cats among them, one image of no list."""
    lists = root / "ImageSets" / "Main"
    (root / "JPEGImages").mkdir(parents=True)
    lists.mkdir(parents=True)
    # Other sizes: JPEG keeps grey values only nearly, images of one grey exactly.
    for number in range(17):
        image = np.full((9, 8 + number % 3), 10 * number, "uint8")
        Image.fromarray(image).save(root / "JPEGImages" / f"2008_{number:03}.jpg")
    for part, rows in (("train", range(10)), ("val", range(10, 16))):
        lines = [f"2008_{number:03}" for number in rows]
        (lists / f"{part}.txt").write_text("\n".join(lines))
        marks = [("-1", " 1", " 0")[number % 3] for number in rows]
        marked = [" ".join(pair) for pair in zip(lines, marks, strict=True)]
        (lists / f"cat_{part}.txt").write_text("\n".join(marked))
    return root


def test_all_of_voc(tmp_path):
    root = write_voc(tmp_path / "VOC2012")
    data = altered(root, kind="strokes", amount=1, image_size=8, validation=0.2)
    assert data.name == "VOC2012-strokes-1" and data.sample_format.resized
    natural = [
        np.asarray(part)[labels == 0][:, 0, 0, 0].tolist()
        for part, labels in (
            (data.x_train, data.truth_train),
            (data.x_val, data.y_val),
            (data.x_test, data.y_test),
        )
    ]
    # Images of every class and the unclear ones; `val` is the test part.
    assert len(natural[0]) == 8 and len(natural[1]) == 2
    assert sorted(natural[0] + natural[1]) == [10 * number for number in range(10)]
    assert natural[2] == [10 * number for number in range(10, 16)]
    assert (len(data.y_val), data.y_val.sum()) == (4, 2)
    assert (len(data.y_test), data.y_test.sum()) == (12, 6)
    # One against the rest still has to be told which.
    with pytest.raises(ValueError, match=r"`normal_class` must be one of \['cat'\].*=None"):
        one_vs_rest(root, image_size=8)
    cats = one_vs_rest(root, normal_class="cat", image_size=8)
    assert (len(cats.x_train), len(cats.y_test), cats.y_test.sum()) == (3, 4, 2)
