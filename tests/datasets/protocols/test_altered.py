"""The alteration protocol: images and altered copies of them."""

import numpy as np
import pytest
from PIL import Image

from kerasocc.datasets import Rows, altered, one_vs_rest


@pytest.mark.parametrize("limit", [2**30, 0], ids=["memory", "disk"])
def test_the_protocol(limit, random, limit_memory):
    limit_memory(limit)
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
