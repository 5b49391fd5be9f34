"""OC-NN: the objective by hand, its alternation, its bounds and what breaks them."""

import warnings

import keras
import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

import kerasocc as kocc
from kerasocc.callbacks import CollapseError, QuantileUpdate
from kerasocc.datasets.preprocessing import contrast_min_max
from kerasocc.losses import oc_nn

V = np.array([[1.0, -1.0, 0.5], [2.0, 0.0, -1.0]], "float32")  # transposed: (d, units)
W = np.array([1.0, 2.0, -1.0], "float32")
X = np.array([[1.0, 0.0], [0.0, 1.0], [2.0, -1.0]], "float32")


def value(tensor):
    return keras.ops.convert_to_numpy(tensor)


def identity(features):
    """An encoder that embeds samples as they are."""
    return keras.Sequential([keras.Input((features,)), keras.layers.Flatten()])


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


ACTIVATIONS = {"sigmoid": sigmoid, "linear": lambda x: x, "relu": lambda x: np.maximum(x, 0)}


def objective(embedding, v, w, r, nu, activation="sigmoid"):
    """The objective of the paper in NumPy, in double precision."""
    projection = ACTIVATIONS[activation](embedding @ v) @ w
    hinge = np.mean(np.maximum(0, r - projection)) / nu
    return 0.5 * np.sum(w**2) + 0.5 * np.sum(v**2) + hinge - r


def given(**options):
    """A model of `V` and `W` whose embeddings are the inputs."""
    options = {"train_encoder": False, **options}
    model = kocc.OCNN(identity(2), units=3, seed=0, **options)
    model.hidden_kernel.assign(V)
    model.output_kernel.assign(W)
    return model


def test_projection_by_hand():
    # V phi of the three samples: (1, -1, 0.5), (2, 0, -1), (0, -2, 2).
    linear = value(oc_nn.projection(X, V, W, "linear"))
    np.testing.assert_allclose(linear, [1 - 2 - 0.5, 2 + 1, -4 - 2])
    relu = value(oc_nn.projection(X, V, W, "relu"))
    np.testing.assert_allclose(relu, [1 - 0.5, 2, -2])
    # sigmoid(1), sigmoid(-1), sigmoid(0.5) = 0.7310586, 0.2689414, 0.6224593
    first = value(oc_nn.projection(X, V, W, "sigmoid"))[0]
    assert first == pytest.approx(0.7310586 + 2 * 0.2689414 - 0.6224593, rel=1e-6)


def test_hinge_by_hand():
    losses = value(oc_nn.hinge(np.array([0.0, 1.0, 3.0], "float32"), 2.0, 0.25))
    # (max(0, 2 - s)) / 0.25 - 2
    assert losses.tolist() == [8 - 2, 4 - 2, -2]


@pytest.mark.parametrize("activation", ["linear", "relu"])
def test_loss_by_hand(activation):
    with pytest.warns(UserWarning, match="no lower bound"):
        model = given(activation=activation, normalize=False, nu=0.5)
    model.r.assign(1.0)
    model.fitted.assign(1.0)
    # Squared norms: w 1 + 4 + 1 = 6, V 1 + 1 + .25 + 4 + 0 + 1 = 7.25.
    hinges = {"linear": [2.5, 0, 7], "relu": [0.5, 0, 3]}[activation]
    expected = 0.5 * 6 + 0.5 * 7.25 + 2 * np.mean(hinges) - 1
    model.compile(keras.optimizers.SGD(0.0))
    assert model.evaluate(X, return_dict=True)["loss"] == pytest.approx(expected, rel=1e-6)
    assert model.test_on_batch(X) == pytest.approx(expected, rel=1e-6)
    assert model.train_on_batch(X) == pytest.approx(expected, rel=1e-6)
    history = model.fit(X, batch_size=2, verbose=0, callbacks=[QuantileUpdate(action="log")])
    assert history.history["loss"][0] == pytest.approx(expected, rel=1e-6)


def test_sample_weights_do_not_touch_the_norms():
    model = given(nu=0.5)
    model.r.assign(1.0)
    model.fitted.assign(1.0)
    model.compile(keras.optimizers.SGD(0.0))
    weight = np.array([1.0, 0.0, 2.0], "float32")
    projection = sigmoid(X @ V) @ W
    terms = np.maximum(0, 1 - projection) / 0.5 - 1
    expected = 0.5 * 6 + 0.5 * 7.25 + np.mean(weight * terms)
    loss = model.evaluate(X, sample_weight=weight, return_dict=True)["loss"]
    assert loss == pytest.approx(expected, rel=1e-6)
    assert model.train_on_batch(X, sample_weight=weight) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("activation", ["sigmoid", "linear", "relu"])
def test_a_step_follows_the_gradient_of_the_objective(activation, random):
    x = random.normal(size=(20, 4))
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    v, w = random.normal(size=(4, 3)), random.normal(size=3)
    r, nu, small = 0.4, 0.3, 1e-6
    options = dict(train_encoder=False, normalize=True, seed=0)
    model = kocc.OCNN(identity(4), units=3, nu=nu, activation=activation, **options)
    model.hidden_kernel.assign(v)
    model.output_kernel.assign(w)
    model.r.assign(r)
    model.fitted.assign(1.0)
    model.compile(keras.optimizers.SGD(1.0))
    model.train_on_batch(x.astype("float32"))

    def numerical(parameter):
        gradient = np.zeros_like(parameter)
        for place in np.ndindex(*parameter.shape):
            parameter[place] += small
            above = objective(x, v, w, r, nu, activation)
            parameter[place] -= 2 * small
            below = objective(x, v, w, r, nu, activation)
            parameter[place] += small
            gradient[place] = (above - below) / (2 * small)
        return gradient

    np.testing.assert_allclose(v - value(model.hidden_kernel), numerical(v), atol=1e-5)
    np.testing.assert_allclose(w - value(model.output_kernel), numerical(w), atol=1e-5)
    assert value(model.r) == pytest.approx(r), "r is no matter of backpropagation"


def test_r_is_the_quantile_over_the_training_set(random):
    x = random.normal(size=(57, 2))
    model = given(nu=0.3)
    model.compile(keras.optimizers.SGD(0.0))
    update = QuantileUpdate(action="log")
    history = model.fit(x, batch_size=10, epochs=2, verbose=0, callbacks=[update]).history
    projection = sigmoid(x.astype("float32") @ V) @ W
    expected = np.quantile(projection, 0.3)
    np.testing.assert_allclose(history["r"], expected, rtol=1e-5)
    np.testing.assert_allclose(history["score_spread"], projection.std(), rtol=1e-5)
    np.testing.assert_allclose(model.score(x), expected - projection, atol=1e-6)
    # 0 is the natural threshold: a fraction nu lies beyond it.
    assert model.is_anomaly(x).mean() == pytest.approx(0.3, abs=1 / 57)


def test_r_follows_the_weights(digits):
    model = kocc.OCNN(
        kocc.networks.lenet("digits", seed=0),
        train_encoder=False,
        preprocessing=digits.preprocessing,
        seed=0,
    )
    model.compile(keras.optimizers.Adam(1e-2))
    recorded = []

    class Record(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            projection = self.model.inference.map("represent", source)
            recorded.append((logs["r"], np.quantile(projection, 0.1)))

    from kerasocc.engine.as_source import as_source

    source = as_source(digits.x_train)
    model.fit(digits.x_train, epochs=3, verbose=0, callbacks=[Record(), QuantileUpdate()])
    for r, expected in recorded:
        assert r == pytest.approx(expected, rel=1e-4)
    assert len({round(r, 3) for r, _ in recorded}) == 3


def test_r_before_the_first_epoch_is_the_quantile_too(random):
    x = random.normal(size=(50, 2)).astype("float32")
    model = given(nu=0.2)
    model.compile(keras.optimizers.SGD(0.0))
    update = QuantileUpdate(action="log")
    loss = model.fit(x, verbose=0, callbacks=[update]).history["loss"][0]
    r = np.quantile(sigmoid(x @ V) @ W, 0.2)
    assert loss == pytest.approx(objective(x, V, W, r, 0.2), rel=1e-5)


def test_r_per_batch(random):
    # The last batch is unlike the first, so that its quantile is not that of all samples.
    x = random.normal(size=(30, 2)).astype("float32")
    x[20:] -= 2.0
    model = given(nu=0.25)
    model.compile(keras.optimizers.SGD(0.0))
    update = QuantileUpdate(update="batch", action="log")
    history = model.fit(x, batch_size=20, shuffle=False, verbose=0, callbacks=[update]).history
    projection = sigmoid(x @ V) @ W
    of_last, of_all = (np.quantile(p, 0.25) for p in (projection[20:], projection))
    assert abs(of_last - of_all) > 0.05 * abs(of_all)
    assert history["r"][0] == pytest.approx(of_last, rel=1e-5)
    # Whatever the updates were, the last one is exact.
    assert value(model.r) == pytest.approx(of_all, rel=1e-5)


@pytest.mark.parametrize("update", ["epoch", "batch", "joint"])
def test_r_is_exact_for_the_best_weights_that_early_stopping_restores(update, random):
    x = random.normal(1.0, 1.0, size=(60, 4)).astype("float32")
    model = kocc.OCNN(kocc.networks.mlp([4, 6, 3], seed=0), nu=0.2, seed=0)
    model.compile(keras.optimizers.Adam(0.03))
    stopping = keras.callbacks.EarlyStopping(
        "loss", mode="max", patience=30, restore_best_weights=True
    )
    rs = []
    watch = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: rs.append(float(value(model.r)))
    )
    callbacks = [QuantileUpdate(update=update, action="log"), stopping, watch]
    model.fit(x, epochs=4, batch_size=20, verbose=0, callbacks=callbacks)
    assert stopping.best_epoch == 0, "the loss falls"
    projections = value(model.represent(x))
    assert value(model.r) == pytest.approx(np.quantile(projections, 0.2), rel=1e-5)
    # Neither that of the last weights nor, after steps within the epoch, of its last batch.
    assert abs(value(model.r) - rs[-1]) > 1e-3 * abs(rs[-1])
    if update != "epoch":
        assert value(model.r) != pytest.approx(rs[0], rel=1e-5)
    np.testing.assert_allclose(model.score(x), value(model.r) - projections, rtol=1e-5, atol=1e-7)


def test_r_per_batch_is_that_of_the_global_batch(digits, two_replicas):
    x = digits.x_train[:53]

    def train():
        model = kocc.OCNN(
            kocc.networks.lenet("digits", seed=0),
            nu=0.3,
            train_encoder=True,
            weight_decay=1e-4,
            preprocessing=contrast_min_max(x),
            seed=0,
        )
        generator = np.random.default_rng(0)
        for kernel in (model.hidden_kernel, model.output_kernel):
            kernel.assign(generator.normal(size=kernel.shape))
        model.compile(optimizer=keras.optimizers.SGD(1e-4))
        update = QuantileUpdate(update="batch")
        history = model.fit(x, batch_size=12, epochs=3, verbose=0, callbacks=[update]).history
        return history["loss"], history["r"], value(model.hidden_kernel)

    single = train()
    with two_replicas.scope():
        replicated = train()
    for one, two in zip(single, replicated, strict=True):
        np.testing.assert_allclose(one, two, rtol=1e-4, atol=1e-6)


def blob(random, count=200):
    """Embeddings around (3, 3), and anomalies around the origin."""
    return random.normal(3.0, 0.5, size=(count, 2)), random.normal(0.0, 0.5, size=(50, 2))


def long_training(x, seed, epochs, callbacks=None, **options):
    keras.utils.set_random_seed(seed)
    options = {"train_encoder": False, **options}
    model = kocc.OCNN(identity(2), units=8, nu=0.1, seed=seed, **options)
    model.compile(keras.optimizers.Adam(1e-2))
    options = dict(batch_size=200, epochs=epochs, verbose=0, callbacks=callbacks)
    return model, model.fit(x, **options).history


@pytest.mark.slow
def test_five_hundred_epochs_stay_bounded_and_spread(random):
    normal, anomalies = blob(random)
    model, history = long_training(normal, 0, epochs=500)
    # Below by -units/2: w . g <= sqrt(units) ||w||.
    assert np.min(history["loss"]) > -4.0
    assert np.ptp(history["loss"][-50:]) < 0.5
    scores = model.score(np.concatenate([normal, anomalies]))
    assert scores[:200].std() > 1e-3 * np.abs(value(model.r))
    assert np.mean(scores[:200] > 0) == pytest.approx(0.1, abs=0.01)
    assert roc_auc_score(np.repeat([0, 1], [200, 50]), scores) > 0.99


@pytest.mark.slow
def test_seeds_agree(random):
    normal, _ = blob(random)
    test = random.normal(1.5, 1.0, size=(500, 2))
    scores = [long_training(normal, seed, epochs=150)[0].score(test) for seed in range(3)]
    ranks = [np.argsort(np.argsort(s)) for s in scores]
    assert min(np.corrcoef(ranks)[np.triu_indices(3, 1)]) > 0.99


def test_the_unbounded_objective_is_reported_by_name(random):
    normal, _ = blob(random)
    with pytest.warns(UserWarning, match="With activation='linear' and normalize=False"):
        model = kocc.OCNN(
            identity(2),
            units=8,
            activation="linear",
            train_encoder=False,
            normalize=False,
            seed=0,
            name="lines",
        )
    model.compile(keras.optimizers.Adam(1e-2))
    with pytest.warns(UserWarning, match="objective of lines has no lower bound: it is -"):
        options = dict(epochs=50, batch_size=100, verbose=0, callbacks=[QuantileUpdate()])
        losses = model.fit(normal, **options).history["loss"]
    assert losses[-1] < 2 * losses[len(losses) // 2] < 0


@pytest.mark.parametrize("activation", ["linear", "relu"])
def test_normalised_embeddings_bound_the_homogeneous_objectives(activation, random):
    normal, _ = blob(random)
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        update = [QuantileUpdate()]
        model, history = long_training(normal, 0, 30, update, activation=activation)
    assert model.normalize
    # Its minimum is 0, at w = V = 0: the loss falls towards it, never below. The r of an epoch
    # is that of the weights before it, which the loss may pass by a little.
    assert min(history["loss"]) > -0.05
    assert history["loss"][-1] < 0.5 * history["loss"][0]


def test_the_length_of_normalised_embeddings_does_not_matter(random):
    x = random.normal(size=(10, 2)).astype("float32")
    model = given(normalize=True)
    model.r.assign(1.0)
    model.fitted.assign(1.0)
    np.testing.assert_allclose(model.score(x), model.score(7 * x), rtol=1e-5)
    lengths = np.linalg.norm(x, axis=1, keepdims=True)
    np.testing.assert_allclose(model.score(x), 1 - sigmoid(x / lengths @ V) @ W, rtol=1e-5)


def test_equal_scores_are_reported(random):
    x = random.normal(3.0, 1.0, size=(20, 2))
    model = given()
    model.hidden_kernel.assign(np.zeros((2, 3)))
    model.compile(keras.optimizers.SGD(0.0))
    with pytest.raises(CollapseError, match="same score"):
        model.fit(x, verbose=0)
    with pytest.warns(UserWarning, match="same score"):
        model.fit(x, verbose=0, callbacks=[QuantileUpdate(action="warn")])
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        model.fit(x, verbose=0, callbacks=[QuantileUpdate(action="log")])


def test_a_frozen_encoder_stays_as_it_is(digits):
    encoder = kocc.networks.lenet("digits", seed=0)
    before = [value(w).copy() for w in encoder.weights]
    options = dict(train_encoder=False, preprocessing=digits.preprocessing, seed=0)
    model = kocc.OCNN(encoder, **options)
    model.compile(keras.optimizers.Adam(1e-2))
    head = value(model.hidden_kernel).copy()
    model.fit(digits.x_train, epochs=2, verbose=0)
    for weight, old in zip(encoder.weights, before, strict=True):
        np.testing.assert_array_equal(value(weight), old)
    assert encoder.trainable and encoder.trainable_weights
    assert np.abs(value(model.hidden_kernel) - head).max() > 1e-3
    # Adam's step count, learning rate and two moments for each of `w` and `V`.
    assert len(model.optimizer.variables) == 6


def test_a_trained_encoder_moves_and_is_watched(digits):
    encoder = kocc.networks.lenet("digits", seed=0)
    before = [value(w).copy() for w in encoder.trainable_weights]
    model = kocc.OCNN(
        encoder,
        train_encoder=True,
        weight_decay=1e-4,
        preprocessing=digits.preprocessing,
        seed=0,
    )
    model.compile(keras.optimizers.Adam(1e-3))
    history = model.fit(digits.x_train, epochs=2, verbose=0).history
    for weight, old in zip(encoder.trainable_weights, before, strict=True):
        assert np.abs(value(weight) - old).max() > 1e-4
    assert "embedding_spread" in history


def test_the_encoder_is_trained_by_default():
    model = kocc.OCNN(identity(2), seed=0)
    assert model.train_encoder and model.normalize
    kinds = [type(callback).__name__ for callback in model.default_callbacks()]
    assert kinds == ["QuantileUpdate", "CollapseMonitor"]
    assert model.default_callbacks()[0].update == "epoch"
    frozen = kocc.OCNN(identity(2), train_encoder=False, seed=0)
    assert not frozen.normalize
    (callback,) = frozen.default_callbacks()
    assert callback.update == "joint"


def test_a_stored_model_keeps_whether_its_encoder_is_frozen(tmp_path):
    model = given(normalize=False)
    assert model.get_config()["train_encoder"] is False
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert not loaded.train_encoder and not loaded.normalize


def test_the_spread_that_is_watched_is_that_of_directions(random):
    encoder = keras.Sequential([keras.Input((2,)), keras.layers.Dense(2, use_bias=False)])
    model = kocc.OCNN(encoder, weight_decay=1e-3, seed=0)
    encoder.layers[0].kernel.assign(50 * np.eye(2))
    x = random.uniform(1.0, 3.0, size=(40, 2)).astype("float32")
    model.compile(keras.optimizers.SGD(0.0))
    history = model.fit(x, verbose=0).history
    directions = x / np.linalg.norm(x, axis=1, keepdims=True)
    spread = np.sqrt(np.mean(directions.std(axis=0) ** 2))
    assert history["embedding_spread"][0] == pytest.approx(spread, rel=1e-4)


def test_one_direction_is_a_collapse_whatever_the_lengths(random):
    encoder = keras.Sequential([keras.Input((2,)), keras.layers.Dense(2, use_bias=False)])
    model = kocc.OCNN(encoder, weight_decay=1e-3, normalize=False, seed=0)
    encoder.layers[0].kernel.assign([[1.0, 2.0], [0.0, 0.0]])
    x = random.uniform(1.0, 3.0, size=(40, 2)).astype("float32")
    model.compile(keras.optimizers.SGD(0.0))
    with pytest.raises(CollapseError, match="maps all training samples to one point"):
        model.fit(x, verbose=0)


def test_a_trained_encoder_starts_from_the_head_on_the_frozen_one(digits):
    encoder = kocc.networks.lenet("digits", seed=0)
    common = dict(preprocessing=digits.preprocessing, seed=0)
    head = kocc.OCNN(encoder, train_encoder=False, normalize=True, **common)
    model = kocc.OCNN(encoder, train_encoder=True, **common)
    with pytest.raises(ValueError, match="`head` must be a fitted OCNN .* that is not fitted"):
        model.start_from(head)
    head.compile(keras.optimizers.Adam(1e-2))
    head.fit(digits.x_train, epochs=3, verbose=0)
    with pytest.raises(ValueError, match="`head` must be .*'normalize': False.* 'normalize': True"):
        kocc.OCNN(encoder, train_encoder=False, **common).start_from(head)
    model.start_from(head)
    np.testing.assert_allclose(model.score(digits.x_test), head.score(digits.x_test), atol=1e-6)
    model.compile(keras.optimizers.SGD(0.0))
    before = value(model.r)
    model.fit(digits.x_train, epochs=1, verbose=0)
    # Its r, in inference mode, is that of the same weights; BatchNorm's statistics move.
    assert value(model.r) == pytest.approx(before, rel=0.1)


def test_weight_decay_is_of_the_encoder_alone():
    encoder = keras.Sequential([keras.Input((2,)), keras.layers.Dense(2, use_bias=False)])
    options = dict(train_encoder=True, normalize=False, weight_decay=0.5)
    model = kocc.OCNN(encoder, units=3, nu=0.5, seed=0, **options)
    encoder.layers[0].kernel.assign(np.eye(2))
    model.hidden_kernel.assign(np.zeros((2, 3)))
    model.output_kernel.assign(W)
    model.r.assign(-10.0)  # no hinge is active: the gradients are those of the norms
    model.fitted.assign(1.0)
    model.compile(keras.optimizers.SGD(0.1))
    model.train_on_batch(X)
    np.testing.assert_allclose(value(encoder.layers[0].kernel), 0.95 * np.eye(2), rtol=1e-6)
    np.testing.assert_allclose(value(model.output_kernel), 0.9 * W, rtol=1e-6)


@pytest.mark.slow
def test_it_learns_the_digits(digits):
    encoder = kocc.networks.lenet("digits", seed=0)
    kocc.pretrain(
        encoder,
        kocc.networks.lenet_decoder("digits", seed=0),
        digits.x_train,
        epochs=60,
        batch_size=16,
        optimizer=keras.optimizers.Adam(1e-3),
        preprocessing=digits.preprocessing,
        seed=0,
        verbose=0,
    )
    options = dict(train_encoder=False, preprocessing=digits.preprocessing, seed=0)
    model = kocc.OCNN(encoder, **options)
    model.compile(keras.optimizers.Adam(1e-2))
    model.fit(digits.x_train, epochs=50, verbose=0)
    scores = model.score(digits.x_test)
    assert roc_auc_score(digits.y_test, scores) > 0.9
    assert model.is_anomaly(digits.x_train).mean() == pytest.approx(0.1, abs=0.01)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"nu": 0.0}, r"`nu` must be .*\(0, 1\].* Received: nu=0.0"),
        ({"nu": 1.5}, r"`nu` must be .* Received: nu=1.5"),
        ({"nu": float("nan")}, "`nu` must be .* Received: nu=nan"),
        ({"units": 0}, "`units` must be .* Received: units=0"),
        ({"activation": "tanh"}, "`activation` must be one of .*'sigmoid'"),
        (
            {"weight_decay": 1e-3, "train_encoder": False},
            "`weight_decay` must be 0 with a frozen encoder",
        ),
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        kocc.OCNN(identity(2), **arguments)


def test_a_trained_encoder_without_weight_decay_is_warned_of():
    with pytest.warns(UserWarning, match="without `weight_decay`"):
        kocc.OCNN(identity(2), train_encoder=True, normalize=False)
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        assert kocc.OCNN(identity(2), train_encoder=True).normalize


def test_an_encoder_that_is_not_flat_is_refused():
    encoder = keras.Sequential([keras.Input((4, 4, 1)), keras.layers.Conv2D(2, 3)])
    with pytest.raises(ValueError, match=r"embeddings of shape \(batch, d\)"):
        kocc.OCNN(encoder)


def test_scoring_before_fit_is_refused():
    model = given()
    with pytest.raises(ValueError, match="not fitted yet"):
        model.score(X)
