"""Deep SAD: the objective by hand, its limits, what labels do."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import kerasocc as kocc
from kerasocc.datasets import one_vs_rest
from kerasocc.losses import sad
from tests.models.test_deep_svdd import identity_encoder


def value(variable):
    return keras.ops.convert_to_numpy(variable)


def make(kind=kocc.DeepSAD, features=2, optimizer=None, **options):
    model = kind(identity_encoder(features), seed=0, **options)
    model.compile(optimizer=optimizer or keras.optimizers.SGD(0.0))
    return model


def test_objective_by_hand():
    distance = np.array([4.0, 4.0, 4.0, 0.0], "float32")
    label = np.array([0.0, 1.0, -1.0, -1.0], "float32")
    losses = value(sad.semi_supervised(distance, label, eta=3.0, eps=0.5))
    np.testing.assert_allclose(losses, [4.0, 3 * 4.5, 3 / 4.5, 3 / 0.5])


def test_gradient_by_hand():
    # d/dD: 1 unlabelled, eta normal, -eta / (D + eps)^2 anomalous.
    distance = tf.Variable([4.0, 4.0, 4.0])
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(sad.semi_supervised(distance, np.array([0, 1, -1]), eta=2.0, eps=1.0))
    np.testing.assert_allclose(tape.gradient(loss, distance), [1.0, 2.0, -2.0 / 25])


def test_loss_of_a_fit_by_hand():
    x = np.array([[1.0, 1.0], [3.0, 1.0], [2.0, 7.0], [2.0, 3.0]])
    model = make(eta=2.0, eps=1e-3)
    loss = model.fit(x, [0, 1, -1, 0], epochs=1, verbose=0).history["loss"][0]
    # The center is the mean (2, 3) of all samples, the anomaly included.
    np.testing.assert_allclose(value(model.center), [2.0, 3.0])
    expected = (5.0 + 2 * 5.001 + 2 / 16.001 + 0.0) / 4
    assert loss == pytest.approx(expected, rel=1e-6)
    np.testing.assert_allclose(model.score(x), [5.0, 5.0, 16.0, 0.0], rtol=1e-6)


@pytest.mark.parametrize("labels", [None, "zeros"])
def test_without_labels_it_is_deep_svdd_step_for_step(labels, digits):
    y = None if labels is None else np.zeros(len(digits.x_train))
    models = []
    for kind in (kocc.DeepSAD, kocc.DeepSVDD):
        model = kind(
            kocc.networks.lenet("digits", seed=0),
            preprocessing=digits.preprocessing,
            weight_decay=1e-4,
            seed=0,
        )
        model.compile(optimizer=keras.optimizers.Adam(1e-3))
        history = model.fit(digits.x_train, y, batch_size=16, epochs=3, verbose=0).history
        models.append((model, history["loss"]))
    assert models[0][1] == models[1][1]
    for a, b in zip(models[0][0].get_weights(), models[1][0].get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_labelled_anomalies_are_pushed_away():
    # Eights against ones, of which some are labelled.
    data = one_vs_rest("digits", normal_class=8, labelled=0.1, labelled_classes=[1])
    aucs = {}
    for kind in ("with", "without"):
        model = kocc.DeepSAD(
            kocc.networks.lenet("digits", seed=0), preprocessing=data.preprocessing, seed=0
        )
        model.compile(optimizer=keras.optimizers.Adam(1e-3))
        y = data.y_train if kind == "with" else np.zeros(len(data.y_train))
        model.fit(data.x_train, y, batch_size=16, epochs=25, verbose=0)
        scores = model.score(data.x_train)
        ratio = scores[data.y_train == -1].mean() / scores[data.y_train == 0].mean()
        aucs[kind] = model.evaluate(data.x_test, data.y_test, return_dict=True)["auc"]
        assert scores.std() > 1e-3
        assert ratio > 10 if kind == "with" else ratio < 10
    assert aucs["with"] > aucs["without"] + 0.02 and aucs["with"] > 0.9


def test_sample_weight_by_hand():
    x = np.array([[1.0, 1.0], [3.0, 1.0], [2.0, 7.0]])
    model = make(eps=1e-3)
    model.initialize_center(np.array([[2.0, 3.0], [2.0, 3.0]]))
    options = dict(sample_weight=[1.0, 0.5, 3.0], verbose=0)
    loss = model.fit(x, [0, 1, -1], **options).history["loss"][0]
    assert loss == pytest.approx((5 + 0.5 * 5.001 + 3 / 16.001) / 3, rel=1e-6)


def test_the_inverse_is_computed_in_float32(float16_policy):
    encoder = keras.Sequential(
        [keras.Input((2,)), keras.layers.Dense(2, use_bias=False, kernel_initializer="identity")]
    )
    model = kocc.DeepSAD(encoder, seed=0)
    model.compile(optimizer=keras.optimizers.SGD(0.0))
    model.initialize_center(np.array([[1.0, 1.0], [1.0, 1.0]]))
    # 1 / (0 + 1e-6) is far beyond float16's 65504.
    x = np.array([[1.0, 1.0], [1.0, 2.0]])
    loss = model.fit(x, [-1, 0], verbose=0).history["loss"][0]
    assert loss == pytest.approx((1e6 + 1.0) / 2, rel=1e-3)


def test_labels_under_two_replicas(two_replicas, digits):
    x = digits.x_train[:50]
    y = np.where(np.arange(50) % 5 == 0, -1, 0)

    def train():
        model = kocc.DeepSAD(
            kocc.networks.lenet("digits", seed=0), preprocessing=digits.preprocessing, seed=0
        )
        model.compile(optimizer=keras.optimizers.SGD(1e-4))
        return model.fit(x, y, batch_size=16, epochs=2, verbose=0).history["loss"]

    single = train()
    with two_replicas.scope():
        np.testing.assert_allclose(train(), single, rtol=1e-5)


def test_arguments_are_in_the_file(tmp_path):
    make(eta=2.0, eps=1e-3).save(tmp_path / "m.keras")
    loaded = keras.saving.load_model(tmp_path / "m.keras")
    assert (loaded.eta, loaded.eps) == (2.0, 1e-3)


def test_evaluation_labels_warn(random):
    x = random.normal(size=(20, 2))
    y = np.repeat([0, 1], 10)
    with pytest.warns(UserWarning, match="no -1.*if 1 marks your anomalies, pass -1"):
        make().fit(x, y, verbose=0)
    # A dataset is judged by all of its labels: no batch of this one has all three.
    y = np.repeat([0, 1, -1], 8)
    x = random.normal(size=(24, 2))
    make().fit(tf.data.Dataset.from_tensor_slices((x, y)).batch(16), verbose=0)
    stream = tf.data.Dataset.from_tensor_slices((x, np.maximum(y, 0))).batch(8)
    with pytest.warns(UserWarning, match="no -1"):
        make().fit(stream, verbose=0)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (dict(eta=0), "`eta` must be a finite number above 0. Received: eta=0"),
        (dict(eta=float("nan")), "`eta` must be"),
        (dict(eps=0.0), "`eps` must be a finite number above 0. Received: eps=0.0"),
        (dict(eps=-1e-6), "`eps` must be"),
    ],
)
def test_bad_arguments(options, message):
    with pytest.raises(ValueError, match=message):
        make(**options)


def test_other_labels_are_refused(random):
    with pytest.raises(ValueError, match=r"\+1 labelled normal, -1 labelled.*values \[0.0, 2.0\]"):
        make().fit(random.normal(size=(4, 2)), [0, 2, 0, 0], verbose=0)


def test_the_warning_of_biases_points_at_the_caller():
    with pytest.warns(UserWarning, match="dense.*bias") as caught:
        kocc.DeepSAD(keras.Sequential([keras.Input((2,)), keras.layers.Dense(2)]))
    assert caught[0].filename == __file__
