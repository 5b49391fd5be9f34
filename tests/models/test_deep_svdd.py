"""Deep SVDD: center, radius, scores and the limit cases."""

import keras
import numpy as np
import pytest

import kerasocc as kocc
from kerasocc.callbacks import CollapseError, CollapseMonitor, RadiusUpdate
from kerasocc.datasets.preprocessing import min_max
from kerasocc.engine.calibration import threshold_at


def identity_encoder(features):
    """phi(x) = x, with a kernel that can be trained."""
    encoder = keras.Sequential(
        [keras.Input((features,)), keras.layers.Dense(features, use_bias=False)]
    )
    encoder.layers[0].kernel.assign(np.eye(features))
    return encoder


def value(variable):
    return keras.ops.convert_to_numpy(variable)


def frozen(objective="one-class", features=2, **options):
    """A model whose embeddings stay the inputs: learning rate 0."""
    model = kocc.DeepSVDD(identity_encoder(features), objective=objective, seed=0, **options)
    model.compile(optimizer=keras.optimizers.SGD(0.0))
    return model


def test_center_is_the_mean_kept_away_from_zero():
    x = np.array([[1.0, 0.04, -0.02, 0.0], [3.0, 0.06, -0.06, 0.0]])
    model = frozen(features=4)
    model.fit(x, epochs=1, verbose=0)
    # Means 2, 0.05, -0.04, 0; below 0.1 in size they go to +-0.1, 0 itself to +0.1.
    np.testing.assert_allclose(value(model.center), [2.0, 0.1, -0.1, 0.1], rtol=1e-6)


def test_center_is_set_once():
    x = np.array([[1.0, 1.0], [3.0, 3.0]])
    model = frozen()
    model.initialize_center(x + 10)
    model.fit(x, epochs=1, verbose=0)
    np.testing.assert_allclose(value(model.center), [12.0, 12.0])
    model.initialize_center(x)
    np.testing.assert_allclose(value(model.center), [2.0, 2.0])


def test_one_class_score_and_loss_by_hand():
    x = np.array([[1.0, 1.0], [3.0, 1.0], [2.0, 7.0]])  # center (2, 3)
    model = frozen()
    history = model.fit(x, epochs=1, batch_size=2, verbose=0).history
    np.testing.assert_allclose(value(model.center), [2.0, 3.0])
    np.testing.assert_allclose(model.score(x), [5.0, 5.0, 16.0], rtol=1e-6)
    assert history["loss"][0] == pytest.approx(26 / 3)


def test_sample_weight_by_hand():
    x = np.array([[1.0, 1.0], [3.0, 1.0], [2.0, 7.0]])
    model = frozen()
    history = model.fit(x, sample_weight=[1.0, 0.0, 2.0], batch_size=2, verbose=0).history
    # The center is (5/3, 5), the squared distances are 4/9 + 16 and 1/9 + 4.
    expected = (4 / 9 + 16 + 2 * (1 / 9 + 4)) / 3
    assert history["loss"][0] == pytest.approx(expected)
    result = model.evaluate(x, sample_weight=np.array([1.0, 0.0, 2.0]), return_dict=True)
    assert result["loss"] == pytest.approx(expected)


def test_radius_is_the_quantile_over_the_training_set(random):
    x = random.normal(1.0, 1.0, size=(57, 2))
    model = frozen("soft-boundary", nu=0.3)
    radii = model.fit(x, batch_size=10, epochs=13, verbose=0).history["radius"]
    distance = np.sqrt(((x - value(model.center)) ** 2).sum(axis=1))
    expected = np.quantile(distance, 0.7)
    # Ten warm-up epochs see R = 0; it is set when the tenth has ended.
    assert radii[:9] == [0.0] * 9
    np.testing.assert_allclose(radii[9:], expected, rtol=1e-5)
    np.testing.assert_allclose(value(model.radius), expected, rtol=1e-5)
    np.testing.assert_allclose(model.score(x), distance**2 - expected**2, rtol=1e-3, atol=1e-5)
    # The natural threshold is 0: a fraction nu lies outside.
    assert model.is_anomaly(x).mean() == pytest.approx(0.3, abs=1 / 57)


def test_radius_is_final_even_if_the_warm_up_never_ended(random):
    x = random.normal(1.0, 1.0, size=(57, 2))
    model = frozen("soft-boundary", nu=0.3)
    radii = model.fit(x, epochs=2, verbose=0).history["radius"]
    distance = np.sqrt(((x - value(model.center)) ** 2).sum(axis=1))
    assert radii == [0.0, 0.0]
    np.testing.assert_allclose(value(model.radius), np.quantile(distance, 0.7), rtol=1e-5)


def test_warm_up_counts_epochs_over_fits(random):
    x = random.normal(1.0, 1.0, size=(20, 2))
    model = frozen("soft-boundary")
    model.fit(x, epochs=6, verbose=0)
    radii = model.fit(x, epochs=6, verbose=0).history["radius"]
    assert radii[:3] == [0.0] * 3 and min(radii[3:]) > 0


def test_radius_per_batch(random):
    x = random.normal(1.0, 1.0, size=(30, 2))
    model = frozen("soft-boundary", nu=0.25)
    update = RadiusUpdate(warmup_epochs=1, update="batch")
    history = model.fit(
        x, epochs=2, batch_size=20, shuffle=False, verbose=0, callbacks=[update]
    ).history
    radii = history["radius"]
    distance = np.sqrt(((x - value(model.center)) ** 2).sum(axis=1))
    assert radii[0] == 0.0
    assert radii[1] == pytest.approx(np.quantile(distance[20:], 0.75), rel=1e-5)
    # A batch's loss is taken with the radius of the batch before it, at first 0.
    radius = np.quantile(distance[:20], 0.75)
    first, second = distance[:20] ** 2 / 0.25, np.maximum(distance[20:] ** 2 - radius**2, 0) / 0.25
    expected = (first.sum() + (radius**2 + second).sum()) / 30
    assert history["loss"][1] == pytest.approx(expected, rel=1e-5)
    # Whatever the updates were, the last one is exact.
    assert value(model.radius) == pytest.approx(np.quantile(distance, 0.75), rel=1e-5)


def test_radius_is_exact_for_the_best_weights_that_early_stopping_restores(digits):
    model = kocc.DeepSVDD(kocc.networks.lenet("digits", seed=0), objective="soft-boundary", seed=0)
    model.compile(optimizer=keras.optimizers.Adam(1e-3))
    stopping = keras.callbacks.EarlyStopping(
        "embedding_spread", mode="max", patience=30, restore_best_weights=True
    )
    model.fit(digits.x_train, epochs=3, verbose=0, callbacks=[stopping])
    assert stopping.best_epoch < 2
    radius = np.quantile(np.sqrt(model.score(digits.x_train) + value(model.radius) ** 2), 0.9)
    assert value(model.radius) == pytest.approx(radius, rel=1e-4)


def test_scoring_before_fit_is_refused(digits):
    model = kocc.DeepSVDD(kocc.networks.lenet("digits"))
    for method in (model.score, model.predict, model.is_anomaly):
        with pytest.raises(ValueError, match="not fitted yet|threshold is not set"):
            method(digits.x_test)


def test_a_long_pass_before_fit_is_not_begun(digits):
    class Batches(keras.utils.PyDataset):
        num_batches = 5

        def __getitem__(self, number):
            read.append(number)
            return digits.x_test[:10]

    read = []
    with pytest.raises(ValueError, match="not fitted yet"):
        kocc.DeepSVDD(kocc.networks.lenet("digits")).score(Batches())
    assert set(read) <= {0}  # its shape is read


def test_one_class_needs_calibration(digits):
    model = frozen()
    model.fit(np.eye(2), verbose=0)
    with pytest.raises(ValueError, match="threshold is not set. Call `calibrate"):
        model.is_anomaly(np.eye(2))


@pytest.mark.parametrize(
    ("count", "rate", "above"),
    [(10, 0.2, 2), (10, 0.0, 0), (10, 0.19, 1), (100, 0.07, 7), (1, 0.5, 0)],
)
def test_threshold_flags_as_many_as_the_rate_allows(count, rate, above):
    scores = np.arange(count)[::-1].astype("float32")
    threshold = threshold_at(scores, rate)
    assert threshold in scores
    assert (scores > threshold).sum() == above


@pytest.mark.parametrize("nu", [0, -0.1, 1.1, 2, None, "a", float("nan")])
def test_nu_is_checked(nu):
    with pytest.raises(ValueError, match=r"`nu` must be in \(0, 1\]. Received: nu="):
        kocc.DeepSVDD(identity_encoder(2), objective="soft-boundary", nu=nu)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (dict(objective="two-class"), "`objective` must be one of .* Received: objective='two-"),
        (dict(weight_decay=-1), "`weight_decay` must be a finite number that is not negative"),
        (dict(seed=-1), "`seed` must be an integer of at least 0"),
        (dict(encoder="lenet"), "`encoder` must be a Keras model. Received: str"),
    ],
)
def test_arguments_are_checked(arguments, message):
    with pytest.raises(ValueError, match=message):
        kocc.DeepSVDD(**{"encoder": identity_encoder(2), **arguments})


def test_encoder_must_give_vectors():
    encoder = keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Conv2D(4, 3, use_bias=False)])
    with pytest.raises(ValueError, match=r"shape \(batch, d\).*Received: output shape \(None, 6"):
        kocc.DeepSVDD(encoder)


def test_encoder_without_input_is_built_by_fit(digits, tmp_path):
    encoder = keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(4, use_bias=False)])
    model = kocc.DeepSVDD(encoder, seed=0)
    model.compile()
    model.fit(digits.x_train, epochs=1, verbose=0)
    model.save(tmp_path / "model.keras")
    loaded = kocc.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded.score(digits.x_test), model.score(digits.x_test))


def test_warning_names_the_layers_that_break_the_conditions():
    layers = keras.layers
    encoder = keras.Sequential(
        [
            keras.Input((8,)),
            layers.Dense(8, name="with_bias"),
            layers.BatchNormalization(name="affine_norm"),
            keras.Sequential([layers.Dense(4, use_bias=False, activation="tanh", name="nested")]),
            layers.Dense(4, use_bias=False, activation="relu", name="innocent"),
        ]
    )
    with pytest.warns(UserWarning) as caught:
        kocc.DeepSVDD(encoder)
    message = str(caught[0].message)
    assert "with_bias (bias)" in message
    assert "affine_norm (trainable affine)" in message
    assert "nested (bounded activation tanh)" in message
    assert "innocent" not in message


def test_supplied_encoders_keep_the_conditions():
    kocc.DeepSVDD(kocc.networks.lenet("mnist"))  # a warning would be an error
    with pytest.warns(UserWarning, match="bias"):
        kocc.DeepSVDD(kocc.networks.lenet("mnist", use_bias=True))


@pytest.fixture
def collapsing(digits):
    """Biases and a large learning rate: every unit dies, phi equals the last bias."""
    keras.utils.set_random_seed(0)
    layers = keras.layers
    preprocessing = kocc.datasets.MinMaxScaling()
    preprocessing.adapt(digits.x_train)
    encoder = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            layers.Flatten(),
            layers.Dense(64, activation="relu"),
            layers.Dense(32, activation="relu"),
            layers.Dense(16),
        ]
    )
    with pytest.warns(UserWarning, match="hypersphere collapse"):
        model = kocc.DeepSVDD(encoder, preprocessing=preprocessing, seed=0)
    model.compile(optimizer=keras.optimizers.Adam(0.1))
    return model


def test_collapse_is_an_error_with_a_remedy(collapsing, digits):
    with pytest.raises(CollapseError, match="DeepSVDD collapsed.*without biases"):
        collapsing.fit(digits.x_train, epochs=20, verbose=0)


def test_collapse_can_be_a_warning(collapsing, digits):
    with pytest.warns(UserWarning, match="DeepSVDD collapsed"):
        collapsing.fit(
            digits.x_train, epochs=20, verbose=0, callbacks=[CollapseMonitor(action="warn")]
        )
    scores = collapsing.score(digits.x_train)
    assert np.ptp(scores) <= 1e-2 * scores.mean()


def test_a_table_with_a_constant_column(random):
    x = random.normal(size=(300, 5))
    x[:, 2] = 7.0
    anomalies = random.normal(6.0, size=(100, 5))
    model = kocc.DeepSVDD(kocc.networks.mlp([5, 16, 8], seed=0), preprocessing=min_max(x), seed=0)
    model.compile(optimizer=keras.optimizers.Adam(1e-3))
    model.fit(x, epochs=20, verbose=0)
    result = model.evaluate(
        np.concatenate([x, anomalies]), np.repeat([0, 1], [300, 100]), return_dict=True
    )
    assert result["auc"] > 0.95
    assert np.ptp(model.score(x)) > 0


def test_no_global_seeding(digits):
    import random

    random.seed(5)
    np.random.seed(5)
    expected = (random.random(), np.random.rand())
    random.seed(5)
    np.random.seed(5)
    model = kocc.DeepSVDD(kocc.networks.lenet("digits", seed=0), seed=0)
    model.compile()
    model.fit(digits.x_train, epochs=1, verbose=0)
    assert (random.random(), np.random.rand()) == expected
