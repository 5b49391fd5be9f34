"""How rows are shared out over replicas, and what replicas refuse."""

import types

import keras
import numpy as np
import pytest
import tensorflow as tf

import kerasocc as kocc
from kerasocc.engine import replicas
from kerasocc.engine.batch_provider import BatchProvider
from kerasocc.engine.iterated_batches import IteratedProvider
from kerasocc.engine.replicas import (
    Share,
    check_batch_size,
    check_strategy,
    first_row,
    share_of,
)


def made(**options):
    model = kocc.DeepSVDD(kocc.networks.mlp([6, 4], seed=0), seed=0)
    model.compile(optimizer=keras.optimizers.SGD(1e-2), **options)
    return model


@pytest.fixture
def rows(random):
    return random.normal(size=(53, 6)).astype("float32")


def test_pieces_are_as_even_as_can_be():
    assert [first_row(number, 16, 3) for number in range(4)] == [0, 5, 10, 16]
    assert [first_row(number, 5, 2) for number in range(3)] == [0, 2, 5]


def test_a_process_takes_the_rows_of_its_replicas():
    # Batches 0 1 2 3, 4 5 6 7 and 8 9 10; replicas 0 and 1 of four are in the first process.
    positions = np.arange(11)
    first, second = Share(0, 2, 4), Share(2, 4, 4)
    assert first.own_positions(positions, 4).tolist() == [0, 1, 4, 5, 8]
    assert second.own_positions(positions, 4).tolist() == [2, 3, 6, 7, 9, 10]
    assert Share(0, 2, 2).own_positions(positions, 4).tolist() == positions.tolist()
    assert (first.worker, second.worker, first.workers) == (0, 1, 2)


def test_the_share_of_a_model(two_replicas):
    assert share_of(made()) == Share(0, 1, 1)
    with two_replicas.scope():
        assert share_of(made()) == Share(0, 2, 2)


def test_batches_that_leave_a_replica_empty(two_replicas):
    with two_replicas.scope():
        model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    check_batch_size(model, 34, 16)
    with pytest.raises(ValueError, match="33 samples in batches of 16 leave 1 for 2 replicas"):
        check_batch_size(model, 33, 16)


def test_a_batch_of_a_dataset_that_leaves_a_replica_empty(two_replicas, rows):
    with two_replicas.scope():
        model = made()
    with pytest.raises(ValueError, match="for each of 2 replicas.*Received: a batch of 1"):
        model.fit(tf.data.Dataset.from_tensor_slices(rows[:33]).batch(16), verbose=0)


@pytest.mark.parametrize(
    "kind",
    [
        "arrays",
        "eager",
        "tf.data",
        pytest.param("PyDataset", marks=pytest.mark.slow),
        "unknown length",
    ],
)
def test_batches_that_do_not_divide(kind, two_replicas, rows):
    """53 samples in batches of 15: pieces of 7 and 8, and of 4 in the last."""

    class Batches(keras.utils.PyDataset):
        def __len__(self):
            return 4

        def __getitem__(self, number):
            return rows[15 * number : 15 * number + 15]

    dataset = tf.data.Dataset.from_tensor_slices(rows).batch(15)
    x, options = {
        "arrays": (rows, {}),
        "eager": (rows, {"run_eagerly": True}),
        "tf.data": (dataset, {}),
        "PyDataset": (Batches(), {}),
        "unknown length": (dataset.filter(lambda batch: True), {}),
    }[kind]
    histories, weights = [], []
    for replicated in (False, True):
        if replicated:
            with two_replicas.scope():
                model = made(**options)
        else:
            model = made()
        # One replica takes the same samples as an array: a `PyDataset` is in order, too.
        data = x if replicated or kind == "PyDataset" else rows
        size = {"batch_size": 15} if data is rows else {}
        fitted = model.fit(
            data, epochs=2, shuffle=kind in ("arrays", "eager"), verbose=0, **size
        ).history
        histories.append(fitted["loss"])
        weights.append([*model.encoder.get_weights(), np.array(model.center)])
    np.testing.assert_allclose(*histories, rtol=1e-5)
    for one, two in zip(*weights, strict=True):
        np.testing.assert_allclose(one, two, atol=1e-6)


def test_epochs_of_some_steps_go_on_where_the_last_one_ended():
    class Four(BatchProvider):
        data = ["a", "b", "c", "d"]

    def epochs(steps):
        provider = IteratedProvider(Four(), 4, steps)
        found = []
        for epoch in range(2):
            provider.begin_epoch(epoch)
            found.append("".join(iter(provider.next_batch, None)))
        return found

    assert epochs(None) == ["abcd", "abcd"]
    assert epochs(3) == ["abc", "d"]
    assert epochs(1) == ["a", "b"]


def test_train_on_batch(two_replicas, rows):
    losses = []
    for replicated in (False, True):
        if replicated:
            with two_replicas.scope():
                model = made()
        else:
            model = made()
        losses.append([model.train_on_batch(rows[:15], return_dict=True)["loss"] for _ in range(3)])
    np.testing.assert_allclose(*losses, rtol=1e-5)


def test_replicas_share_the_rows_of_a_pass(two_replicas, rows):
    x = np.tile(rows, (6, 1))
    with two_replicas.scope():
        shared = made()
    single = made()
    for model in (single, shared):
        model.fit(x, batch_size=53, epochs=1, verbose=0)
    sizes = []
    distance = shared.distance

    def noted(inputs):
        sizes.append(tf.get_static_value(tf.shape(inputs)[0]))
        return distance(inputs)

    shared.distance = noted
    shared.inference.invalidate()
    shared.inference.run("distance", [x])
    # Traced once for each replica.
    assert len(sizes) == 2
    for count in (1, 3, len(x)):
        np.testing.assert_allclose(single.score(x[:count]), shared.score(x[:count]), rtol=1e-5)
    y = np.arange(len(x)) % 2
    results = [model.evaluate(x, y, return_dict=True) for model in (single, shared)]
    assert results[0] == pytest.approx(results[1], rel=1e-5)
    thresholds = [model.calibrate(x, fpr=0.1) for model in (single, shared)]
    assert thresholds[0] == pytest.approx(thresholds[1], rel=1e-5)


def test_strategies_that_would_train_wrongly_are_refused(rows):
    with tf.distribute.experimental.CentralStorageStrategy(["CPU:0"]).scope():
        with pytest.raises(ValueError, match="must be a `MirroredStrategy`.*CentralStorage"):
            made().fit(rows, verbose=0)


@pytest.mark.parametrize(
    "kind", [tf.distribute.TPUStrategy, tf.distribute.experimental.ParameterServerStrategy]
)
def test_strategies_that_cannot_be_made_here_are_refused(kind, monkeypatch):
    # Without a TPU or a cluster only the type can be had; it is what decides.
    monkeypatch.setattr(replicas, "has_strategy", lambda model: True)
    model = types.SimpleNamespace(distribute_strategy=object.__new__(kind))
    with pytest.raises(
        ValueError, match=f"must be a `MirroredStrategy`.*Received: {kind.__name__}"
    ):
        check_strategy(model)


def test_xla_is_refused(two_replicas, rows):
    with two_replicas.scope():
        model = made(jit_compile=True)
    with pytest.raises(ValueError, match="`jit_compile` must be 'auto' or False"):
        model.fit(rows, verbose=0)


def test_the_users_own_reduction_is_kept(rows):
    own = tf.distribute.HierarchicalCopyAllReduce()
    strategy = tf.distribute.MirroredStrategy(["CPU:0"], cross_device_ops=own)
    with strategy.scope():
        model = made()
    model.fit(rows, verbose=0)
    assert strategy.extended._cross_device_ops is own


def test_an_encoder_that_was_made_outside_of_the_scope(two_replicas, rows):
    encoder = kocc.networks.mlp([rows.shape[1], 4], seed=0)
    with two_replicas.scope():
        model = kocc.DeepSVDD(encoder)
        model.compile("sgd")
    with pytest.raises(ValueError, match="`scope\\(\\)`.*mlp/dense.*MirroredStrategy"):
        model.fit(rows, verbose=0)


def test_weights_of_two_dtypes_over_workers(two_replicas, monkeypatch):
    keras.config.set_dtype_policy("float64")
    try:
        with two_replicas.scope():
            model = kocc.OCNN(kocc.networks.mlp([3, 4], seed=0))
            model.compile("sgd")
    finally:
        keras.config.set_dtype_policy("float32")
    check_strategy(model)
    monkeypatch.setattr(replicas, "share_of", lambda model: Share(0, 1, 2))
    with pytest.raises(ValueError, match="one dtype under several workers.*float32 and float64"):
        check_strategy(model)
