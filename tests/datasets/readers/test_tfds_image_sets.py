"""Image sets of tensorflow-datasets: errors without a network, the real ones if present."""

import urllib.error
import urllib.request

import numpy as np
import pytest

from kerasocc.datasets import load, one_vs_rest
from kerasocc.datasets.readers.tfds_image_sets import load_image_set
from tests.datasets.data_dirs import TFDS_DATA, needs_folder


def real(name):
    return needs_folder(name, TFDS_DATA, "TFDS_DATA_DIR")


@real("mnist")
def test_mnist():
    data = one_vs_rest("mnist", normal_class=3, data_dir=TFDS_DATA)
    assert data.name == "mnist-3"
    assert data.x_train.shape == (6131, 28, 28, 1) and data.x_train.dtype == np.uint8
    assert len(data.x_test) == 10_000 and (data.y_test == 0).sum() == 1010
    assert not data.truth_train.any()
    # Per-image contrast normalisation, then [0, 1] over the normal class's images.
    prepared = np.array(data.preprocessing(data.x_train))
    assert (prepared.min(), prepared.max()) == (0.0, 1.0)


@pytest.mark.slow
@real("cifar10")
def test_cifar10_by_the_name_of_a_class():
    by_name = one_vs_rest("cifar10", normal_class="automobile", data_dir=TFDS_DATA)
    by_number = one_vs_rest("cifar10", normal_class=1, data_dir=TFDS_DATA)
    assert by_name.x_train.shape == (5000, 32, 32, 3)
    np.testing.assert_array_equal(by_name.x_train, by_number.x_train)
    np.testing.assert_array_equal(by_name.y_test, by_number.y_test)


@pytest.mark.slow
@real("cifar10")
def test_the_order_is_the_stored_one():
    import tensorflow_datasets as tfds

    train, _, _ = load_image_set("cifar10", TFDS_DATA)
    builder = tfds.builder("cifar10", data_dir=TFDS_DATA)
    sizes = builder.info.splits["train"].shard_lengths
    last = builder.as_dataset(split=f"train[{sum(sizes[:-1])}:]", batch_size=3)
    first_of_last_shard = next(iter(tfds.as_numpy(last)))
    start = sum(sizes[:-1])
    np.testing.assert_array_equal(train.x[start : start + 3], first_of_last_shard["image"])


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    """A folder with a set that no code in this process describes, and its images and classes."""
    import tensorflow as tf
    import tensorflow_datasets as tfds

    random = np.random.default_rng(0)
    parts = {
        name: (random.integers(0, 256, (n, 8, 8, 1)).astype("uint8"), np.arange(n) % 3)
        for name, n in (("train", 30), ("test", 12))
    }
    folder = tmp_path_factory.mktemp("tfds")
    tfds.dataset_builders.store_as_tfds_dataset(
        name="own_washers",
        version="1.0.0",
        data_dir=folder,
        features=tfds.features.FeaturesDict(
            {
                "image": tfds.features.Image(shape=(8, 8, 1)),
                "label": tfds.features.ClassLabel(names=["bolt", "nut", "washer"]),
            }
        ),
        split_datasets={
            name: tf.data.Dataset.from_tensor_slices({"image": x, "label": y})
            for name, (x, y) in parts.items()
        },
    )
    return folder, parts


@pytest.mark.parametrize("name", ["own_washers", "own_washers:1.0.0"])
def test_a_set_of_ones_own_needs_no_code(name, own, monkeypatch):
    folder, parts = own
    data = load(name, normal_class="nut", data_dir=folder)
    images, classes = parts["train"]
    expected = sorted(image.tobytes() for image in images[classes == 1])
    assert sorted(image.tobytes() for image in data.x_train) == expected
    assert sorted(i.tobytes() for i in data.x_test) == sorted(i.tobytes() for i in parts["test"][0])
    assert data.y_test.sum() == 8
    monkeypatch.setenv("TFDS_DATA_DIR", str(folder))
    with pytest.raises(ValueError, match=r"Near names: .*own_washers.*Received: 'own_wushers'"):
        load("own_wushers")


def test_unknown_name_lists_near_ones():
    with pytest.raises(ValueError, match="Near names: mnist.* Received: 'mnits'"):
        one_vs_rest("mnits")


def test_set_without_labels_is_refused(tmp_path):
    with pytest.raises(ValueError, match="a set of images, each with one label.*Received: 'coco'"):
        one_vs_rest("coco", data_dir=tmp_path)


def test_test_part_of_its_own():
    with pytest.raises(ValueError, match="`test` must be None: 'mnist' has a test part"):
        one_vs_rest("mnist", test=0.5)


def test_without_network_it_says_at_once_where_to_put_it(tmp_path, monkeypatch):
    import tensorflow_datasets as tfds

    def no_network(request, timeout):
        raise urllib.error.URLError("no route to host")

    def tries_for_minutes(self, **_):
        raise AssertionError("the download was started")

    monkeypatch.setattr(urllib.request, "urlopen", no_network)
    monkeypatch.setattr(tfds.core.DatasetBuilder, "download_and_prepare", tries_for_minutes)
    with pytest.raises(OSError, match="'mnist' is not in .*no route to host.*TFDS_DATA_DIR"):
        one_vs_rest("mnist", data_dir=tmp_path)


def test_failed_download_is_reported(tmp_path, monkeypatch):
    import tensorflow_datasets as tfds

    def unfriendly(request, timeout):
        raise urllib.error.HTTPError(request.full_url, 405, "no HEAD", {}, None)

    def disk_full(self, **_):
        raise RuntimeError("disk full")

    monkeypatch.setattr(urllib.request, "urlopen", unfriendly)
    monkeypatch.setattr(tfds.core.DatasetBuilder, "download_and_prepare", disk_full)
    with pytest.raises(OSError, match="could not be downloaded: RuntimeError: disk full"):
        one_vs_rest("mnist", data_dir=tmp_path)
