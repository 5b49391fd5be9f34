"""Samples with classes: the same rules for every kind of source."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from kerasocc.datasets import Rows, one_vs_rest
from tests.datasets.class_examples import (
    CLASSES,
    images,
    numbers,
    parts_of,
    write_folder,
    write_npz,
)


class Batches(keras.utils.PyDataset):
    """The images with their classes, seven at a time."""

    def __init__(self):
        super().__init__()
        self.x = images()

    def __len__(self):
        return 13

    def __getitem__(self, number):
        rows = slice(7 * number, 7 * number + 7)
        return self.x[rows], CLASSES[rows]


def write_memmap(path):
    np.save(path, images())
    return np.load(path, mmap_mode="r")


SOURCES = {
    "arrays": lambda _: (images(), CLASSES),
    "memmap": lambda tmp: (write_memmap(tmp / "x.npy"), CLASSES),
    "folder": lambda tmp: write_folder(tmp / "signs"),
    "npz": lambda tmp: write_npz(tmp / "signs.npz"),
    "tf.data of samples": lambda _: tf.data.Dataset.from_tensor_slices((images(), CLASSES)),
    "tf.data of batches": lambda _: tf.data.Dataset.from_tensor_slices((images(), CLASSES)).batch(
        8
    ),
    "PyDataset": lambda _: Batches(),
}


every_source = pytest.mark.parametrize("source", SOURCES)


@every_source
@pytest.mark.parametrize("limit", [2**30, 0], ids=["memory", "disk"])
def test_no_sample_is_in_two_parts(source, limit, tmp_path, limit_memory):
    limit_memory(limit)
    made = SOURCES[source](tmp_path)
    draw = np.random.default_rng(0)
    for seed in range(8):
        options = dict(
            validation=draw.choice([0.0, 0.2, 0.5]),
            contamination=draw.choice([0.0, 0.1, 0.3]),
            labelled=draw.choice([0.0, 0.2]),
            test=draw.choice([0.1, 0.4]),
        )
        data = one_vs_rest(made, normal_class=1, seed=seed, **options)
        parts = parts_of(data)
        everything = np.concatenate([rows for rows, _ in parts.values()])
        assert len(set(everything)) == len(everything), options
        for rows, truth in parts.values():
            np.testing.assert_array_equal(truth, CLASSES[rows] != 1)
        # All normal samples are somewhere.
        assert sum(CLASSES[everything] == 1) == 30
        assert (data.truth_train[data.y_train == -1] == 1).all()
    assert isinstance(data.x_train, Rows) == (
        source == "memmap" or (limit == 0 and on_disk(source))
    )


def on_disk(source):
    """Whether a source is spooled: arrays are in memory already."""
    return source not in ("arrays", "memmap")


@every_source
def test_every_source_is_cut_alike(source, tmp_path):
    options = dict(normal_class=1, validation=0.2, contamination=0.1, labelled=0.1, seed=3)
    expected = parts_of(one_vs_rest((images(), CLASSES), **options))
    found = parts_of(one_vs_rest(SOURCES[source](tmp_path), **options))
    # A folder is read in the order of its names.
    for name, (rows, truth) in expected.items():
        assert len(found[name][0]) == len(rows)
        assert sum(found[name][1]) == sum(truth)
        if source != "folder":
            np.testing.assert_array_equal(found[name][0], rows)


def test_class_names_of_a_folder(tmp_path):
    folder = write_folder(tmp_path / "signs")
    by_name = one_vs_rest(folder, normal_class="class 2")
    by_number = one_vs_rest(folder, normal_class=2)
    assert by_name.name == "signs-class 2" and by_name.sample_format.normal_class == "class 2"
    np.testing.assert_array_equal(numbers(by_name.x_train), numbers(by_number.x_train))
    with pytest.raises(ValueError, match="among the classes .* Near names: class 1, .*'class1'"):
        one_vs_rest(folder, normal_class="class1")
    with pytest.raises(ValueError, match="or their numbers. Received: 3"):
        one_vs_rest(folder, normal_class=3)
    assert len(one_vs_rest(folder, labelled=0.1, labelled_classes=["class 1"]).x_train) == 20


def test_an_mvtec_layout_keeps_its_parts(tmp_path):
    for place, count in {"train/good": 9, "test/good": 4, "test/crack": 3}.items():
        for number in range(count):
            path = tmp_path / "bottle" / place / f"{number}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(np.full((8, 8), 10 * number, "uint8")).save(path)
    data = one_vs_rest(tmp_path / "bottle")
    assert data.name == "bottle-good"
    assert data.x_train.shape == (9, 8, 8, 1) and not data.truth_train.any()
    assert data.y_test.tolist().count(0) == 4 and data.y_test.sum() == 3
    with pytest.raises(ValueError, match="`test` must be None: 'bottle' has a test part"):
        one_vs_rest(tmp_path / "bottle", test=0.3)
    with pytest.raises(ValueError, match="`contamination` asks for 1 anomalies .* holds 0"):
        one_vs_rest(tmp_path / "bottle", contamination=0.1)


def test_sizes_of_images(tmp_path):
    folder = write_folder(tmp_path / "signs")
    Image.fromarray(np.zeros((5, 6, 3), "uint8")).save(folder / "class 1" / "large.png")
    with pytest.raises(ValueError, match="large.png.*image_size"):
        one_vs_rest(folder)
    data = one_vs_rest(folder, image_size=(8, 16))
    assert data.x_train.shape[1:] == (8, 16, 3) and data.sample_format.resized
    with pytest.raises(ValueError, match="`image_size` must be None unless .*image_size=8"):
        one_vs_rest("digits", image_size=8)


def test_unreadable_images(tmp_path):
    folder = write_folder(tmp_path / "signs")
    (folder / "class 0" / "5.png").write_bytes(b"no image")
    with pytest.raises(ValueError, match="5.png"):
        one_vs_rest(folder)
    with pytest.warns(UserWarning, match="5.png"):
        data = one_vs_rest(folder, unreadable="skip")
    rows = np.concatenate([rows for rows, _ in parts_of(data).values()])
    assert 5 not in rows
    for found, truth in parts_of(data).values():
        np.testing.assert_array_equal(truth, CLASSES[found] != 0)
    with pytest.raises(ValueError, match="`unreadable` must be one of"):
        one_vs_rest(folder, unreadable="ignore")


def test_npz_that_cannot_be_used(tmp_path):
    (tmp_path / "broken.npz").write_bytes(b"PK\x03\x04 broken")
    np.savez(tmp_path / "nameless.npz", photos=images(), label=CLASSES)
    with pytest.raises(ValueError, match="no readable .npz"):
        one_vs_rest(tmp_path / "broken.npz")
    with pytest.raises(ValueError, match="samples called one of .*Received: .*'photos'"):
        one_vs_rest(tmp_path / "nameless.npz")
    with pytest.raises(FileNotFoundError, match="absent.npz"):
        one_vs_rest(tmp_path / "absent.npz")
