"""`sample_weight`: what is refused, and what of a model it weighs beside the losses."""

import keras
import numpy as np
import pytest

import kerasocc as kocc
from kerasocc.callbacks import CollapseMonitor, QuantileUpdate, RadiusUpdate
from kerasocc.losses.oc_nn import slope_in_r
from kerasocc.losses.quantile import quantile

tensorflow_only = pytest.mark.skipif(
    keras.backend.backend() != "tensorflow", reason="tf.data feeds TensorFlow"
)
X = np.random.default_rng(0).normal(1, 1, size=(60, 4)).astype("float32")
W = np.exp(X[:, 0])
W[[3, 17, 40]] = 0
KEPT = W > 0


def compiled(make=kocc.DeepSVDD, **options):
    model = make(kocc.networks.mlp([4, 6, 3], seed=0), seed=0, **options)
    model.compile(keras.optimizers.Adam(1e-2))
    return model


class Batches(keras.utils.PyDataset):
    def __init__(self, weights, size=16):
        super().__init__()
        self.weights, self.size = weights, size

    def __len__(self):
        return -(-len(X) // self.size)

    def __getitem__(self, number):
        rows = slice(number * self.size, (number + 1) * self.size)
        return X[rows], np.zeros(len(X[rows])), self.weights[rows]


def tf_dataset(weights):
    import tensorflow as tf

    return tf.data.Dataset.from_tensor_slices((X, np.zeros(60), weights)).batch(16)


SOURCES = {
    "arrays": lambda weights: dict(x=X, sample_weight=weights),
    "PyDataset": lambda weights: dict(x=Batches(weights)),
    "tf.data": lambda weights: dict(x=tf_dataset(weights)),
}
sources = pytest.mark.parametrize(
    "source", ["arrays", "PyDataset", pytest.param("tf.data", marks=tensorflow_only)]
)


@sources
def test_negative_weights_are_refused(source):
    weights = W.copy()
    weights[20] = -0.5
    model = compiled()
    place = "weights, the first of them -0.5 at index 20"
    if source != "arrays":
        place = "weights in batch 1, the first of them -0.5 at index 4"
    message = f"`sample_weight` must not be negative. Received: 1 negative {place}"
    with pytest.raises(ValueError, match=message):
        model.fit(**SOURCES[source](weights), verbose=0)
    assert not model.is_fitted


@sources
def test_weights_that_are_all_0_are_refused(source):
    model = compiled()
    with pytest.raises(ValueError, match="must hold weights above 0. Received: all of them 0"):
        model.fit(**SOURCES[source](np.zeros(60)), verbose=0)
    assert not model.is_fitted


@tensorflow_only
def test_negative_weights_of_a_dataset_are_found_where_nothing_is_computed_before_the_training():
    weights = W.copy()
    weights[20] = -0.5
    model = compiled(kocc.NeuTraLAD)
    with pytest.raises(ValueError, match="must not be negative. Received: 1 negative"):
        monitor = CollapseMonitor(samples=10)
        model.fit(tf_dataset(weights), verbose=0, callbacks=[monitor])


@sources
def test_the_center_is_the_weighted_mean(source):
    model = compiled()
    expected = np.average(model.embed(X).astype("float64"), axis=0, weights=W)
    assert np.abs(expected).min() > 0.1  # else it would be moved
    assert np.abs(expected - model.embed(X).mean(axis=0)).max() > 1e-3
    model.fit(**SOURCES[source](W), epochs=1, verbose=0)
    np.testing.assert_allclose(np.array(model.center), expected, rtol=1e-5)
    other = compiled()
    other.initialize_center(X, sample_weight=W)
    np.testing.assert_allclose(np.array(other.center), expected, rtol=1e-5)
    with pytest.raises(ValueError, match="must not be negative"):
        other.initialize_center(X, sample_weight=-W)


def cases(*updates):
    """Every source with the first update, and arrays with the others."""
    of_tensorflow = pytest.param("tf.data", updates[0], marks=tensorflow_only)
    others = [("arrays", update) for update in updates]
    return pytest.mark.parametrize(
        ("source", "update"), [*others, ("PyDataset", updates[0]), of_tensorflow]
    )


@cases("epoch", "batch")
def test_the_radius_is_the_weighted_quantile(source, update):
    model = compiled(objective="soft-boundary", nu=0.2)
    radius = RadiusUpdate(update=update, warmup_epochs=0)
    model.fit(**SOURCES[source](W), epochs=2, verbose=0, callbacks=[radius])
    distances = np.sqrt(keras.ops.convert_to_numpy(model.distance(X)))
    found = float(np.array(model.radius))
    assert found == pytest.approx(quantile(distances, 0.8, W), rel=1e-5)
    assert found == pytest.approx(quantile(distances[KEPT], 0.8, W[KEPT]), rel=1e-5)
    assert abs(found - np.quantile(distances, 0.8)) > 0.01 * distances.std()


def in_one_step(make, callback, **options):
    """The state that one step over all samples leaves, before the end of the training."""
    model, states = compiled(make, **options), []
    name = "r" if make is kocc.OCNN else "radius"
    watch = keras.callbacks.LambdaCallback(
        on_train_batch_end=lambda batch, logs: states.append(float(np.array(getattr(model, name))))
    )
    before = keras.models.clone_model(model.encoder)
    before.set_weights(model.encoder.get_weights())
    model.fit(X, sample_weight=W, batch_size=60, epochs=1, verbose=0, callbacks=[callback, watch])
    return model, before, states[0]


def test_a_step_sets_the_radius_to_the_weighted_quantile_of_its_batch():
    model, before, found = in_one_step(
        kocc.DeepSVDD,
        RadiusUpdate(update="batch", warmup_epochs=0),
        objective="soft-boundary",
        nu=0.2,
    )
    embedding = keras.ops.convert_to_numpy(before(X, training=True))
    distances = np.linalg.norm(embedding - np.array(model.center), axis=1)
    assert found == pytest.approx(quantile(distances, 0.8, W), rel=1e-4)
    assert abs(found - np.quantile(distances, 0.8)) > 0.01 * distances.std()


@cases("epoch", "batch", "joint")
def test_r_is_the_weighted_quantile(source, update):
    model = compiled(kocc.OCNN, nu=0.2, train_encoder=False)
    callback = QuantileUpdate(update=update, action="log")
    model.fit(**SOURCES[source](W), epochs=2, verbose=0, callbacks=[callback])
    projections = keras.ops.convert_to_numpy(model.represent(X))
    found = float(np.array(model.r))
    assert found == pytest.approx(quantile(projections, 0.2, W), rel=1e-5)
    assert abs(found - np.quantile(projections, 0.2)) > 0.02 * projections.std()


def test_a_step_moves_r_by_the_weighted_share():
    projections = keras.ops.convert_to_tensor([1.0, 2.0, 3.0, 4.0])
    weights = keras.ops.convert_to_tensor([1.0, 0.0, 2.0, 5.0])
    found = slope_in_r(projections, weights, r=3.5, nu=0.5)
    assert float(keras.ops.convert_to_numpy(found)) == pytest.approx(3 / 8 / 0.5 - 1)
    zero = slope_in_r(projections, keras.ops.zeros(4), r=3.5, nu=0.5)
    assert float(keras.ops.convert_to_numpy(zero)) == 0.0
    callback = QuantileUpdate(update="joint", rate=0.5, action="log")
    model, _, found = in_one_step(kocc.OCNN, callback, nu=0.2, train_encoder=False)
    start = compiled(kocc.OCNN, nu=0.2, train_encoder=False)
    projections = keras.ops.convert_to_numpy(start.represent(X))
    r = np.float32(quantile(projections, 0.2, W))
    share = W[projections < r].sum() / W.sum()
    assert found == pytest.approx(r - 0.5 * (share / 0.2 - 1), rel=1e-4)
    assert abs(share - np.mean(projections < r)) > 1e-3


def test_a_batch_of_weight_0_changes_neither_radius_nor_r():
    weights = np.ones(60, "float32")
    weights[:20] = 0
    for make, callback in (
        (kocc.DeepSVDD, RadiusUpdate(update="batch", warmup_epochs=0)),
        (kocc.OCNN, QuantileUpdate(update="batch", action="log")),
    ):
        options = {"objective": "soft-boundary"} if make is kocc.DeepSVDD else {}
        model, states = compiled(make, **options), []
        name = "r" if make is kocc.OCNN else "radius"
        watch = keras.callbacks.LambdaCallback(
            on_train_batch_end=lambda batch, logs, model=model, name=name, states=states: (
                states.append(float(np.array(getattr(model, name))))
            )
        )
        initial = []
        begin = keras.callbacks.LambdaCallback(
            on_train_batch_begin=lambda batch, logs, model=model, name=name, initial=initial: (
                initial.append(float(np.array(getattr(model, name))))
            )
        )
        model.fit(
            X,
            sample_weight=weights,
            batch_size=20,
            shuffle=False,
            verbose=0,
            callbacks=[callback, begin, watch],
        )
        assert states[0] == initial[0] and states[1] != states[0]
        assert np.isfinite(states).all() and np.isfinite(model.score(X)).all()


@pytest.mark.parametrize("given", [False, True])
def test_class_weights_are_weights_by_label(given):
    y = np.where(np.arange(60) % 5 == 0, -1, np.arange(60) % 2)
    by_label = np.select([y == -1, y == 1], [3.0, 0.5], 1.0)
    weights = W if given else None
    scores = []
    for options in (
        dict(class_weight={-1: 3.0, 1: 0.5}, sample_weight=weights),
        dict(sample_weight=by_label * (W if given else 1)),
        dict(sample_weight=weights),
    ):
        model = compiled(kocc.DeepSAD)
        model.fit(X, y, epochs=2, verbose=0, **options)
        scores.append(model.score(X))
    np.testing.assert_allclose(scores[0], scores[1], rtol=1e-5)
    assert np.abs(scores[0] - scores[2]).max() > 1e-4
    one, other = compiled(kocc.DeepSAD), compiled(kocc.DeepSAD)
    one.train_on_batch(X, y, class_weight={-1: 3.0, 1: 0.5})
    other.train_on_batch(X, y, sample_weight=by_label)
    np.testing.assert_array_equal(one.score(X), other.score(X))


@pytest.mark.parametrize("wrong", [{}, {-1: -2.0}, {"anomaly": 1.0}, [1, 2], {0: float("nan")}])
def test_class_weights_of_another_kind_are_refused(wrong):
    with pytest.raises(ValueError, match="`class_weight` must map semi-supervised labels"):
        compiled(kocc.DeepSAD).fit(X, np.zeros(60), class_weight=wrong, verbose=0)
