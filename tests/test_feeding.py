"""The training data path: orders, indices, labels."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from kerasocc.models.feeding import as_targets, make_feed
from kerasocc.models.sources import as_source

X = np.arange(10, dtype="float32")[:, None]
Y = np.tile([0, 1], 5)
WEIGHT = np.linspace(0.1, 1.0, 10).astype("float32")


class Batches(keras.utils.PyDataset):
    """Three batches of four, four and two samples."""

    def __len__(self):
        return 3

    def __getitem__(self, step):
        rows = slice(4 * step, 4 * step + 4)
        return X[rows], Y[rows], WEIGHT[rows]


def sources():
    dataset = tf.data.Dataset.from_tensor_slices((X, Y, WEIGHT)).batch(4)
    return {
        "arrays": as_source(X, Y, WEIGHT),
        "tf.data": as_source(dataset),
        "py": as_source(Batches()),
    }


def read(feed, epochs_trained=0):
    feed.begin_epoch(epochs_trained)
    data = feed.data
    batches = [data[i] for i in range(data.num_batches)] if hasattr(data, "num_batches") else data
    return keras.tree.map_structure(np.array, list(batches))


@pytest.mark.parametrize("kind", sources())
@pytest.mark.parametrize("shuffle", [False, True])
def test_everything_belongs_to_the_same_sample(kind, shuffle):
    feed = make_feed(sources()[kind], batch_size=4, shuffle=shuffle, seed=0, steps=None)
    batches = read(feed)
    assert sorted(len(x) for x, _, _ in batches) == [2, 4, 4]
    seen = np.concatenate([targets["index"] for _, targets, _ in batches])
    assert sorted(seen) == list(range(10))
    for x, targets, weight in batches:
        index = targets["index"]
        np.testing.assert_array_equal(x[:, 0], index)
        np.testing.assert_array_equal(targets["label"], Y[index])
        np.testing.assert_allclose(weight, WEIGHT[index])


@pytest.mark.parametrize("kind", ["arrays", "py"])
def test_the_order_depends_on_seed_and_epoch_alone(kind):
    def order(seed, epoch):
        feed = make_feed(sources()[kind], batch_size=1, shuffle=True, seed=seed, steps=None)
        return np.concatenate([t["index"] for _, t, _ in read(feed, epoch)]).tolist()

    orders = {(seed, epoch): tuple(order(seed, epoch)) for seed in range(3) for epoch in range(3)}
    assert order(1, 2) == list(orders[1, 2])
    assert len(set(orders.values())) > 1
    if kind == "arrays":
        assert len(set(orders.values())) == 9


def test_unshuffled_arrays_keep_their_order():
    feed = make_feed(sources()["arrays"], batch_size=4, shuffle=False, seed=0, steps=None)
    for epoch in (0, 5):
        index = np.concatenate([t["index"] for _, t, _ in read(feed, epoch)])
        assert index.tolist() == list(range(10))


@pytest.mark.parametrize("steps", [1, 2, 5, 7])
def test_steps_per_epoch_of_arrays(steps):
    feed = make_feed(sources()["arrays"], batch_size=4, shuffle=True, seed=0, steps=steps)
    batches = read(feed)
    assert [len(x) for x, _, _ in batches] == [4] * steps
    index = np.concatenate([t["index"] for _, t, _ in batches])
    # Full passes visit every sample once.
    for start in range(0, len(index) - 9, 10):
        assert sorted(index[start : start + 10]) == list(range(10))


def test_labels_and_weights_are_optional():
    (x, targets), *_ = read(
        make_feed(as_source(X), batch_size=4, shuffle=False, seed=0, steps=None)
    )
    assert targets["label"].tolist() == [0.0] * 4
    assert targets["label"].dtype == np.float32


def test_targets_of_a_loose_batch():
    targets = as_targets(np.array([[1], [-1]]), X[:2])
    assert np.array(targets["label"]).tolist() == [1.0, -1.0]
    assert np.array(targets["index"]).tolist() == [-1, -1]
    assert np.array(as_targets(None, X)["label"]).tolist() == [0.0] * 10
    assert as_targets(targets, X) is targets


def test_uint8_arrays_stay_small():
    assert as_source(np.zeros((4, 2), "uint8")).x.dtype == np.uint8
    assert as_source(np.zeros((4, 2), "int64")).x.dtype == np.float32
