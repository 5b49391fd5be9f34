"""The training data path: orders, indices, labels."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import kerasocc as kocc
from kerasocc.datasets.preprocessing import min_max
from kerasocc.datasets.storage.rows import Rows
from kerasocc.engine.as_source import as_source
from kerasocc.engine.batch_providers import make_batch_provider
from kerasocc.engine.batches import as_targets

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


def read(provider, epochs_trained=0):
    provider.begin_epoch(epochs_trained)
    data = provider.data
    batches = [data[i] for i in range(data.num_batches)] if hasattr(data, "num_batches") else data
    return keras.tree.map_structure(np.array, list(batches))


@pytest.mark.parametrize("kind", sources())
@pytest.mark.parametrize("shuffle", [False, True])
def test_everything_belongs_to_the_same_sample(kind, shuffle):
    provider = make_batch_provider(
        sources()[kind], batch_size=4, shuffle=shuffle, seed=0, steps=None
    )
    batches = read(provider)
    assert sorted(len(x) for x, _, _ in batches) == [2, 4, 4]
    indices = np.concatenate([targets["index"] for _, targets, _ in batches])
    assert sorted(indices) == list(range(10))
    for x, targets, weight in batches:
        index = targets["index"]
        np.testing.assert_array_equal(x[:, 0], index)
        np.testing.assert_array_equal(targets["label"], Y[index])
        np.testing.assert_allclose(weight, WEIGHT[index])


@pytest.mark.parametrize("kind", ["arrays", "py"])
def test_the_order_depends_on_seed_and_epoch_alone(kind):
    def order(seed, epoch):
        provider = make_batch_provider(
            sources()[kind], batch_size=1, shuffle=True, seed=seed, steps=None
        )
        return np.concatenate([t["index"] for _, t, _ in read(provider, epoch)]).tolist()

    orders = {(seed, epoch): tuple(order(seed, epoch)) for seed in range(3) for epoch in range(3)}
    assert order(1, 2) == list(orders[1, 2])
    assert len(set(orders.values())) > 1
    if kind == "arrays":
        assert len(set(orders.values())) == 9


def test_unshuffled_arrays_keep_their_order():
    provider = make_batch_provider(
        sources()["arrays"], batch_size=4, shuffle=False, seed=0, steps=None
    )
    for epoch in (0, 5):
        index = np.concatenate([t["index"] for _, t, _ in read(provider, epoch)])
        assert index.tolist() == list(range(10))


@pytest.mark.parametrize("steps", [1, 2, 5, 7])
def test_steps_per_epoch_of_arrays(steps):
    provider = make_batch_provider(
        sources()["arrays"], batch_size=4, shuffle=True, seed=0, steps=steps
    )
    batches = read(provider)
    assert [len(x) for x, _, _ in batches] == [4] * steps
    index = np.concatenate([t["index"] for _, t, _ in batches])
    # Full passes visit every sample once.
    for start in range(0, len(index) - 9, 10):
        assert sorted(index[start : start + 10]) == list(range(10))


def test_labels_and_weights_are_optional():
    (x, targets), *_ = read(
        make_batch_provider(as_source(X), batch_size=4, shuffle=False, seed=0, steps=None)
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


def sources_and_rows():
    return {**sources(), "rows": as_source(Rows(X), Y, WEIGHT)}


@pytest.mark.parametrize("kind", sources_and_rows())
@pytest.mark.parametrize("shuffle", [False, True])
def test_sample_targets_are_computed_when_a_batch_is_made(kind, shuffle):
    table = np.arange(60, dtype="float32").reshape(10, 2, 3)
    targets_of = {"noise": lambda index: table[index], "flag": lambda index: index % 2}
    provider = make_batch_provider(
        sources_and_rows()[kind],
        batch_size=4,
        shuffle=shuffle,
        seed=0,
        steps=None,
        sample_targets=targets_of,
    )
    for epoch in range(3):
        batches = read(provider, epoch)
        assert sorted(np.concatenate([t["index"] for _, t, _ in batches])) == list(range(10))
        for _, targets, _ in batches:
            assert sorted(targets) == ["flag", "index", "label", "noise"]
            np.testing.assert_array_equal(targets["noise"], table[targets["index"]])
            np.testing.assert_array_equal(targets["flag"], targets["index"] % 2)
        # Between epochs, as a callback changes them.
        table += 100.0


@pytest.mark.parametrize("kind", ["arrays", "tf.data"])
def test_sample_targets_have_a_static_shape(kind):
    targets_of = {"noise": lambda index: np.zeros((len(index), 2, 3), "float32")}
    provider = make_batch_provider(
        sources()[kind], batch_size=4, shuffle=True, seed=0, steps=None, sample_targets=targets_of
    )
    spec = provider.data.element_spec[1]["noise"]
    assert (spec.shape.as_list(), spec.dtype) == ([None, 2, 3], tf.float32)


@pytest.mark.parametrize("kind", sources())
def test_nothing_is_added_without_sample_targets(kind):
    provider = make_batch_provider(sources()[kind], batch_size=4, shuffle=True, seed=0, steps=None)
    assert all(sorted(targets) == ["index", "label"] for _, targets, _ in read(provider))


def test_other_processes_compute_no_sample_targets():
    source = as_source(Batches(workers=3, use_multiprocessing=True))

    def workers_of(**options):
        provider = make_batch_provider(
            source, batch_size=1, shuffle=True, seed=0, steps=None, **options
        )
        return provider.data.workers, provider.data.use_multiprocessing

    assert workers_of() == (3, True)
    assert workers_of(sample_targets={"flag": lambda index: index % 2}) == (3, False)


@pytest.mark.parametrize("workers", [1, 3])
def test_replicas_see_every_sample_once_an_epoch(workers, two_replicas):
    x = np.random.default_rng(0).normal(size=(40, 6)).astype("float32")

    class Rows(keras.utils.PyDataset):
        def __len__(self):
            return 10

        def __getitem__(self, step):
            return x[4 * step : 4 * step + 4]

    with two_replicas.scope():
        layers = [keras.layers.Dense(n, kernel_initializer="zeros") for n in (2, 6)]
        encoder = keras.Sequential([keras.Input((6,)), layers[0]])
        decoder = keras.Sequential([keras.Input((2,)), layers[1]])
        model = kocc.Autoencoder(encoder, decoder, seed=0)
        model.compile(optimizer=keras.optimizers.SGD(0.0))
    losses = model.fit(Rows(workers=workers), epochs=3, verbose=0).history["loss"]
    # Nothing is reconstructed, nothing learned: the loss tells which samples were seen.
    np.testing.assert_allclose(losses, (x**2).sum(axis=1).mean(), rtol=1e-5)


def test_batches_are_no_views_of_the_users_arrays(two_replicas):
    # 64 bytes is what TensorFlow wants of an array to work on it without a copy.
    memory = np.zeros(4 * 32 * 16 + 64, "uint8")
    start = -memory.ctypes.data % 64
    x = memory[start : start + 4 * 32 * 16].view("float32").reshape(32, 16)
    x[:] = np.random.default_rng(0).normal(size=x.shape)

    class Views(keras.utils.PyDataset):
        def __len__(self):
            return 2

        def __getitem__(self, step):
            return x[16 * step : 16 * step + 16]

    provider = make_batch_provider(
        as_source(Views()), batch_size=1, shuffle=False, seed=0, steps=None
    )
    assert not np.shares_memory(provider.data[1][0], x)
    before = x.copy()
    with two_replicas.scope():
        networks = kocc.networks.mlp([16, 4], seed=0), kocc.networks.mlp_decoder([16, 4], seed=0)
        model = kocc.Autoencoder(*networks, preprocessing=min_max(before), seed=0)
        model.compile()
        model.fit(Views(), epochs=2, verbose=0)
    np.testing.assert_array_equal(x, before)
