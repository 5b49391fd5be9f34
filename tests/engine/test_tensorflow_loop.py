"""Epochs of arrays inside of one function: the same training as by a pipeline of batches."""

import contextlib
import gc
import weakref

import keras
import numpy as np
import pytest

import kerasocc as kocc
from kerasocc.engine import segments
from kerasocc.engine.as_source import as_source
from kerasocc.engine.epoch_order import EpochOrder

tensorflow_only = pytest.mark.skipif(
    keras.backend.backend() != "tensorflow", reason="the loop is one of TensorFlow's graph"
)
pytestmark = tensorflow_only


def made(kind="one-class", seed=0, **options):
    if kind == "robust":
        encoder = kocc.networks.mlp([6, 4], seed=0)
        decoder = kocc.networks.mlp_decoder([6, 4], activation=None, seed=0)
        model = kocc.RobustAutoencoder(encoder, decoder, lam=0.5, seed=seed)
    else:
        classes = {"one-class": kocc.DeepSVDD, "sad": kocc.DeepSAD}
        model = classes[kind](kocc.networks.mlp([6, 5, 3], seed=0), seed=seed)
    model.compile(keras.optimizers.Adam(1e-2), **options)
    return model


def weights(model):
    return [keras.ops.convert_to_numpy(w) for w in model.weights]


def assert_equal(first, second):
    for one, other in zip(weights(first), weights(second), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)


@pytest.fixture
def rows(random):
    return random.normal(size=(50, 6)).astype("float32")


def piped(*arguments, **options):
    """A model that gets its batches from `tf.data`, as in eager mode."""
    return made(*arguments, run_eagerly=True, **options)


def fit(model, x, **options):
    return model.fit(x, batch_size=16, verbose=0, **{"epochs": 3, **options}).history


OPTIONS = {
    "plain": {},
    "stored-order": {"shuffle": False},
    "several-passes": {"steps_per_epoch": 7},
    "part-of-a-pass": {"steps_per_epoch": 2},
    "weights": {"sample_weight": np.linspace(0.1, 2, 50)},
}


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
def test_equals_a_pipeline(rows, options):
    loop, expected_model = made(), piped()
    history = fit(loop, rows, **options)
    expected = fit(expected_model, rows, **options)
    np.testing.assert_allclose(history["loss"], expected["loss"], rtol=1e-5)
    assert_equal(loop, expected_model)


def test_an_execution_ends_with_the_epoch(rows):
    chunked, single = made(steps_per_execution=3), made(steps_per_execution=1)
    histories = [fit(model, rows)["loss"] for model in (chunked, single)]
    np.testing.assert_allclose(*histories, rtol=1e-5)
    assert_equal(chunked, single)


def test_labels_arrive(rows):
    y = np.zeros(50)
    y[::7] = -1
    loop, expected, blind = made("sad"), piped("sad"), made("sad")
    fit(loop, rows, y=y)
    fit(blind, rows)
    fit(expected, rows, y=y)
    assert_equal(loop, expected)
    kernels = [model.encoder.get_weights()[0] for model in (loop, blind)]
    assert not np.allclose(*kernels)


@pytest.fixture(params=[2**22, 1600, 1], ids=["whole", "in-segments", "step-by-step"])
def segment_sizes(request, monkeypatch):
    """How much of the arrays the training function gets at once."""
    # A step takes 16 rows of 24 bytes, and as much again for the noise.
    monkeypatch.setattr(segments, "SEGMENT_BYTES", request.param)


def test_sample_targets_are_those_of_the_epoch(rows, segment_sizes):
    loop, expected = made("robust"), piped("robust")
    fit(loop, rows)
    fit(expected, rows)
    assert_equal(loop, expected)
    np.testing.assert_allclose(loop.noise, expected.noise, atol=1e-5)
    assert np.any(loop.noise != 0)


@pytest.mark.parametrize("steps", [None, 3, 7])
def test_segments_of_arrays_equal_whole_ones(rows, segment_sizes, steps):
    y, weights = np.where(np.arange(50) % 7, 0.0, -1.0), np.linspace(0.1, 2, 50)
    whole, segmented = made("sad"), made("sad", steps_per_execution=3)
    options = {"y": y, "sample_weight": weights, "steps_per_epoch": steps}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(segments, "SEGMENT_BYTES", 2**22)
        expected = fit(whole, rows, **options)
    np.testing.assert_allclose(fit(segmented, rows, **options)["loss"], expected["loss"], rtol=1e-6)
    assert_equal(whole, segmented)


def test_arrays_are_let_go(rows, segment_sizes):
    own, model = rows.copy(), made()
    fit(model, own)
    reference = weakref.ref(own)
    del own
    gc.collect()
    assert reference() is None


@pytest.mark.parametrize("replicated", [False, True])
def test_graphs_and_weights_of_models_are_let_go(rows, two_replicas, replicated):
    from tensorflow.python.framework.func_graph import FuncGraph

    def graphs():
        gc.collect()
        return {id(found) for found in gc.get_objects() if isinstance(found, FuncGraph)}

    def train():
        with two_replicas.scope() if replicated else contextlib.nullcontext():
            model = made()
        fit(model, rows)
        model.score(rows)

    train()
    before = graphs()
    train()
    assert len(graphs() - before) == 0


@pytest.mark.parametrize("on_disk", [False, True])
def test_a_segment_holds_what_its_steps_need(rows, monkeypatch, on_disk):
    monkeypatch.setattr(segments, "SEGMENT_BYTES", 800)
    source = as_source(kocc.datasets.Rows(rows) if on_disk else rows)
    provider = segments.SegmentedProvider(source, EpochOrder(50, 16, True, 0, None), {})
    provider.begin_epoch(0)
    found = []
    for steps in (2, 2):
        segment = provider.next_segment(10)
        index = segment.samples["index"]
        assert (segment.steps, segment.size) == (steps, len(index))
        np.testing.assert_array_equal(segment.samples["x"], rows[index])
        found.extend(index)
    assert sorted(found) == list(range(50))


@pytest.mark.filterwarnings("ignore:`x` holds other samples")
def test_one_function_for_data_of_all_sizes(rows):
    model = made()
    for count in (50, 32, 17):
        fit(model, rows[:count], epochs=1)
    assert len(model.train_functions._loop._compiled) == 1
    model.fit(rows, batch_size=5, epochs=1, verbose=0)
    assert len(model.train_functions._loop._compiled) == 1
    fit(model, rows, epochs=1, sample_weight=np.ones(50))
    assert len(model.train_functions._loop._compiled) == 2


def test_compiling_anew_changes_the_step(rows):
    model = made()
    fit(model, rows, epochs=1)
    model.compile(keras.optimizers.SGD(0.0))
    before = model.encoder.get_weights()[0]
    fit(model, rows, epochs=1)
    np.testing.assert_array_equal(before, model.encoder.get_weights()[0])


def test_other_kinds_of_training_follow(rows):
    import tensorflow as tf

    model = made()
    fit(model, rows, epochs=1)
    model.train_on_batch(rows[:16])
    model.fit(tf.data.Dataset.from_tensor_slices(rows).batch(16), epochs=1, verbose=0)
    fit(model, rows, epochs=1)
    steps = int(keras.ops.convert_to_numpy(model.optimizer.iterations))
    assert steps == 4 + 1 + 4 + 4


def test_a_training_that_broke_off_begins_anew(rows):
    class Stop(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            raise RuntimeError("enough")

    model, expected = made(), made()
    with pytest.raises(RuntimeError, match="enough"):
        fit(model, rows, callbacks=[Stop()])
    model.set_weights(made().get_weights())
    model.optimizer.learning_rate = 0.0
    history = fit(model, rows, epochs=1, shuffle=False)
    expected.optimizer.learning_rate = 0.0
    np.testing.assert_allclose(
        history["loss"], fit(expected, rows, epochs=1, shuffle=False)["loss"], rtol=1e-5
    )


def test_many_models_are_no_retracing(rows, caplog):
    for seed in range(7):
        model = made(seed=seed)
        fit(model, rows, epochs=1)
        model.score(rows, batch_size=8)
    assert "retracing" not in caplog.text


@pytest.mark.parametrize("size", [1, 7, 25, 49, 50, 51])
def test_scores_in_slices_are_the_scores(rows, size):
    model = made()
    fit(model, rows, epochs=1)
    np.testing.assert_allclose(model.score(rows, batch_size=size), model.score(rows), rtol=1e-5)
    assert model.embed(rows, batch_size=size).shape == (50, 3)
    np.testing.assert_allclose(
        model.embed(rows, batch_size=size), model.embed(rows), rtol=1e-4, atol=1e-6
    )
    parts = [model.loss_and_score(rows[i : i + 1]) for i in range(50)]
    loss = np.mean([keras.ops.convert_to_numpy(part[0]) for part in parts])
    found = model.evaluate(rows, batch_size=size, verbose=0, return_dict=True)["loss"]
    assert found == pytest.approx(loss, rel=1e-4)
