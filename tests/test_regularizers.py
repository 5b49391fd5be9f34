"""The anti-collapse regularizers: eq. 4 to 7 by hand, two optimizers, resuming."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import kerasocc as kocc
from kerasocc.callbacks import AdaptiveWeighting, CollapseMonitor, VarianceAnnealing
from kerasocc.losses import collapse
from kerasocc.regularizers import NoiseRegularizer, VarianceRegularizer, noise
from tests.models.test_deep_svdd import identity_encoder

MODELS = {
    "one-class": kocc.DeepSVDD,
    "soft-boundary": lambda *a, **k: kocc.DeepSVDD(*a, objective="soft-boundary", **k),
    "sad": kocc.DeepSAD,
}
REGULARIZERS = {
    "noise": lambda: NoiseRegularizer(k=8, seed=0),
    "variance": VarianceRegularizer,
}
every_regularizer = pytest.mark.parametrize("kind", REGULARIZERS)


def value(variable):
    return keras.ops.convert_to_numpy(variable)


def frozen(regularizer, optimizer=None, **options):
    """Embeddings are the inputs and stay so."""
    model = kocc.DeepSVDD(identity_encoder(2), regularizer=regularizer, seed=0, **options)
    model.compile(optimizer=optimizer or keras.optimizers.SGD(0.0))
    return model


def biased(regularizer, digits, kind="one-class", rate=1e-3):
    """A network that the papers forbid without a regularizer."""
    encoder = kocc.networks.lenet("digits", seed=0, use_bias=True)
    model = MODELS[kind](
        encoder, regularizer=regularizer, preprocessing=digits.preprocessing, seed=0
    )
    model.compile(optimizer=keras.optimizers.Adam(rate))
    return model


def test_cross_entropy_by_hand():
    logits = np.array([[0.0, 2.0], [-1.0, 1000.0]], "float32")
    labels = np.array([[1, 0], [1, 1]])
    losses = value(collapse.random_label_cross_entropy(logits, labels))
    sigmoid = 1 / (1 + np.exp(-np.array([2.0, -1.0])))
    first = (np.log(2) - np.log(1 - sigmoid[0])) / 2
    second = (-np.log(sigmoid[1]) + 0.0) / 2
    np.testing.assert_allclose(losses, [first, second], rtol=1e-5)


def test_variance_by_hand(random):
    embedding = random.normal(100.0, 2.0, size=(9, 5)).astype("float32")
    expected = embedding.astype("float64").var(axis=0, ddof=1).mean()
    assert float(collapse.batch_variance(embedding)) == pytest.approx(expected, rel=1e-4)
    assert float(collapse.variance_hinge(0.3, 0.5)) == pytest.approx(0.2)
    assert float(collapse.variance_hinge(0.6, 0.5)) == 0.0


def test_a_batch_of_one_costs_nothing():
    embedding = tf.Variable([[1.0, 2.0]])
    with tf.GradientTape() as tape:
        penalty = collapse.variance_hinge(collapse.batch_variance(embedding), 0.1)
    assert float(penalty) == 0.0
    np.testing.assert_array_equal(tape.gradient(penalty, embedding), [[0.0, 0.0]])


def test_weight_follows_equation_7():
    # Center (2, 2); batches of two: distances 2, 2 and 8, 8; variances .02, .08 by hand.
    x = np.array([[3.1, 3.1], [2.9, 2.9], [0.2, 0.2], [-0.2, -0.2]], "float32")
    model = frozen(VarianceRegularizer(threshold=0.5), weight_decay=10.0)
    model.initialize_center(np.array([[2.0, 2.0], [2.0, 2.0]]))
    weighting = AdaptiveWeighting(alpha=0.8, beta=0.25, initial=1.5)
    options = dict(batch_size=2, shuffle=False, verbose=0, callbacks=[weighting])
    history = model.fit(x, **options).history
    # The second epoch and a second fit go on.
    more = model.fit(x, epochs=2, **options).history
    objectives = [((x[rows] - 2.0) ** 2).sum(axis=1).mean() for rows in (slice(2), slice(2, 4))]
    penalties = [0.5 - x[rows].var(axis=0, ddof=1).mean() for rows in (slice(2), slice(2, 4))]
    weight, weights = 1.5, []
    for _ in range(3):
        for objective, penalty in zip(objectives, penalties, strict=True):
            weight = 0.8 * weight + 0.25 * 0.2 * objective / penalty
        weights.append(weight)
    found = history["regularization_weight"] + more["regularization_weight"]
    assert found == pytest.approx(weights, rel=1e-4)
    assert history["regularization"] == pytest.approx([np.mean(penalties)], rel=1e-4)
    # The reported loss is that of the objective alone.
    assert history["loss"] == pytest.approx([np.mean(objectives)], rel=1e-5)


def test_weight_of_the_noise_follows_equation_7(random):
    x = random.normal(1.0, 1.0, size=(8, 2))
    # The head moves, the encoder rests; one batch per epoch, so that every step is logged.
    steps = frozen(NoiseRegularizer(k=3, seed=0)).fit(x, epochs=4, verbose=0).history
    weight, weights = 0.0, []
    for objective, penalty in zip(steps["loss"], steps["regularization"], strict=True):
        weight = 0.9 * weight + 0.5 * 0.1 * objective / penalty
        weights.append(weight)
    assert steps["regularization_weight"] == pytest.approx(weights, rel=1e-5)
    # The labels belong to the epoch, counted over all fits.
    model = frozen(NoiseRegularizer(k=3, seed=0))
    halves = [model.fit(x, epochs=2, verbose=0).history["regularization"] for _ in range(2)]
    assert sum(halves, []) == steps["regularization"]


def test_a_silent_hinge_keeps_the_weight(random):
    x = random.normal(0.0, 5.0, size=(12, 2))
    model = frozen(VarianceRegularizer(threshold=0.1))
    weighting = AdaptiveWeighting(initial=2.5)
    model.fit(x, batch_size=4, epochs=2, verbose=0, callbacks=[weighting])
    assert float(value(model.regularizer.weight)) == 2.5


def test_the_ratio_has_a_floor():
    regularizer = VarianceRegularizer(threshold=1.0)
    regularizer.build((None, 2))
    for penalty, ratio, counts in ((0.5, 4.0, True), (1e-4, 2000.0, True), (1e-7, None, False)):
        found, does = regularizer.ratio_to(np.float32(2.0), np.float32(penalty))
        assert bool(does) == counts
        if counts:
            assert float(found) == pytest.approx(ratio)


def test_the_weight_is_a_constant_for_the_gradient():
    # One step of SGD against the gradient by hand, with c_t = 0 + beta (1 - alpha) L / R.
    x = np.array([[3.1, 3.1], [2.9, 2.9]], "float32")
    model = frozen(VarianceRegularizer(threshold=0.5), optimizer=keras.optimizers.SGD(1e-2))
    model.initialize_center(np.array([[2.0, 2.0], [2.0, 2.0]]))
    model.fit(x, batch_size=2, shuffle=False, verbose=0)
    objective = ((x - 2.0) ** 2).sum(axis=1).mean()
    penalty = 0.5 - x.var(axis=0, ddof=1).mean()
    weight = 0.5 * 0.1 * objective / penalty
    # phi = x W at W = 1: dL/dphi = 2 (phi - c) / B; dR/dphi = -2 (phi - mean) / (p (n - 1)).
    slope = 2 * (x - 2.0) / 2 + weight * -2 * (x - x.mean(axis=0)) / (2 * 1)
    expected = np.eye(2) - 1e-2 * x.T @ slope
    np.testing.assert_allclose(value(model.encoder.trainable_weights[0]), expected, rtol=1e-5)


def test_a_step_against_noise_by_hand(monkeypatch):
    labels = np.array([[1, 0, 0], [1, 1, 0]])
    monkeypatch.setattr(keras.random, "randint", lambda *_, **__: keras.ops.array(labels[None]))
    x = np.array([[3.1, 3.1], [2.9, 2.0]], "float32")
    regularizer = NoiseRegularizer(k=3, head_optimizer=keras.optimizers.SGD(0.5), seed=0)
    # The decay takes all kernels that are trained, the head's among them.
    model = frozen(regularizer, optimizer=keras.optimizers.SGD(1e-2), weight_decay=0.1)
    model.initialize_center(np.array([[2.0, 2.0], [2.0, 2.0]]))
    kernel, bias = (value(weight) for weight in regularizer.head_weights)
    history = model.fit(x, batch_size=2, shuffle=False, verbose=0).history
    logits = x @ kernel + bias
    objective = ((x - 2.0) ** 2).sum(axis=1).mean()
    penalty = (np.log1p(np.exp(logits)) - labels * logits).mean()
    assert history["regularization"] == pytest.approx([penalty], rel=1e-5)
    # dR/dz = (sigmoid(z) - y) / (k B), times c_1.
    slope = 0.5 * 0.1 * objective / penalty * (1 / (1 + np.exp(-logits)) - labels) / 6
    after = [value(weight) for weight in regularizer.head_weights]
    moves = 0.5 * (x.T @ slope + 0.1 * kernel), 0.5 * slope.sum(axis=0)
    for now, then, move in zip(after, (kernel, bias), moves, strict=True):
        np.testing.assert_allclose(then - now, move, rtol=1e-3, atol=1e-6)
    gradient = x.T @ ((x - 2.0) + slope @ kernel.T) + 0.1 * np.eye(2)
    assert np.abs(x.T @ slope @ kernel.T).max() > 1e-2
    weights = value(model.encoder.trainable_weights[0])
    np.testing.assert_allclose(np.eye(2) - weights, 1e-2 * gradient, rtol=1e-3)


def test_a_fixed_weight_stays(digits):
    model = biased(VarianceRegularizer(), digits)
    options = dict(batch_size=16, epochs=2, verbose=0, callbacks=[AdaptiveWeighting(fixed=1.0)])
    history = model.fit(digits.x_train, **options).history
    assert history["regularization_weight"] == [1.0, 1.0]


def test_threshold_is_annealed_over_all_fits():
    x = np.array([[3.0, 3.0], [2.9, 2.8], [1.0, 2.0]])
    model = frozen(VarianceRegularizer(threshold=0.1))
    first = model.fit(x, epochs=4, verbose=0).history["variance_threshold"]
    second = model.fit(x, epochs=4, verbose=0).history["variance_threshold"]
    np.testing.assert_allclose(first + second, [0.1] * 3 + [0.01] * 3 + [0.001] * 2, rtol=1e-5)
    higher = frozen(VarianceRegularizer(threshold=8.0))
    annealing = VarianceAnnealing(factor=2, every=2)
    halved = higher.fit(x, epochs=5, verbose=0, callbacks=[annealing]).history
    thresholds = np.array([8.0, 8.0, 4.0, 4.0, 2.0])
    np.testing.assert_allclose(halved["variance_threshold"], thresholds, rtol=1e-6)
    variance = x.var(axis=0, ddof=1).mean()
    np.testing.assert_allclose(halved["regularization"], thresholds - variance, rtol=1e-5)
    constant = model.fit(x, epochs=2, verbose=0, callbacks=[VarianceAnnealing(every=None)]).history
    np.testing.assert_allclose(constant["variance_threshold"], 0.1, rtol=1e-6)


@pytest.fixture
def draw(monkeypatch):
    """Function that returns the labels of the next batch of a regularizer, batch by batch."""
    seen = []

    def record(logits, labels):
        seen.append(value(labels))
        return logits[:, 0]

    monkeypatch.setattr(noise, "random_label_cross_entropy", record)

    def draw(regularizer, samples=40):
        regularizer.penalty_share(np.ones((samples, 3), "float32"))
        return seen[-1]

    return draw


def built(**options):
    regularizer = NoiseRegularizer(k=30, **options)
    regularizer.build((None, 3))
    regularizer.begin_epoch(0)
    return regularizer


def test_every_sample_has_labels_of_its_own(draw):
    labels = draw(built(seed=0))
    assert labels.shape == (40, 30) and set(np.unique(labels)) == {0, 1}
    # Of 1200 fair draws: four standard deviations.
    assert abs(labels.mean() - 0.5) < 4 * 0.5 / np.sqrt(1200)
    assert len({row.tobytes() for row in labels}) == 40


def test_seed_and_epoch_decide_on_the_labels(draw):
    def epoch(regularizer, number):
        regularizer.begin_epoch(number)
        return [draw(regularizer) for _ in range(2)]

    regularizer, twin, other = built(seed=0), built(seed=0), built(seed=1)
    first, second = epoch(regularizer, 0), epoch(regularizer, 1)
    np.testing.assert_array_equal(epoch(regularizer, 0), first)
    np.testing.assert_array_equal(epoch(twin, 1), second)
    drawn = [*first, *second, *epoch(other, 0)]
    assert len({labels.tobytes() for labels in drawn}) == len(drawn)
    kernels = [value(each.head_weights[0]) for each in (regularizer, twin, other)]
    np.testing.assert_array_equal(kernels[0], kernels[1])
    assert (kernels[0] != kernels[2]).any()


def test_two_replicas_draw_different_labels(two_replicas, monkeypatch):
    drawn = {}

    def record(logits, labels):
        replica = tf.distribute.get_replica_context().replica_id_in_sync_group
        drawn[int(replica)] = value(labels)
        return tf.reduce_mean(tf.cast(labels, "float32"), axis=-1)

    monkeypatch.setattr(noise, "random_label_cross_entropy", record)
    with two_replicas.scope():
        regularizer = built(seed=0)
    embedding = tf.ones((4, 3))
    shares, penalties = two_replicas.run(lambda: regularizer.penalty_share(embedding))
    assert (drawn[0] != drawn[1]).any()
    shares, penalties = (
        [float(each) for each in two_replicas.experimental_local_results(values)]
        for values in (shares, penalties)
    )
    assert penalties == pytest.approx([sum(shares)] * 2)


def test_the_values_of_the_paper():
    noisy, hinge = NoiseRegularizer(), VarianceRegularizer()
    weighting, annealing = AdaptiveWeighting(), VarianceAnnealing()
    assert float(noisy.head_optimizer.learning_rate) == pytest.approx(1e-3)
    assert isinstance(noisy.head_optimizer, keras.optimizers.Adam)
    assert hinge.threshold == 0.1 and (annealing.factor, annealing.every) == (10.0, 3)
    assert (weighting.alpha, weighting.beta, weighting.initial) == (0.9, 0.5, 0.0)
    assert [type(each) for each in noisy.default_callbacks()] == [AdaptiveWeighting]
    assert [type(each) for each in hinge.default_callbacks()] == [
        AdaptiveWeighting,
        VarianceAnnealing,
    ]


def test_labels_are_drawn_anew_and_the_penalty_tends_to_log_2(digits):
    regularizer = NoiseRegularizer(k=50, seed=0)
    regularizer.build((None, 3))
    embedding = np.ones((4, 3), "float32")
    assert float(regularizer.penalty_share(embedding)[1]) != float(
        regularizer.penalty_share(embedding)[1]
    )
    history = biased(NoiseRegularizer(k=50, seed=0), digits).fit(
        digits.x_train, batch_size=16, epochs=6, verbose=0
    )
    assert history.history["regularization"][-1] == pytest.approx(np.log(2), abs=0.02)


def test_the_head_has_an_optimizer_of_its_own(random):
    x = random.normal(1.0, 1.0, size=(16, 2))
    # The encoder's rate is 0; the head moves by exactly its own rate (Adam's first step).
    regularizer = NoiseRegularizer(k=3, head_optimizer=keras.optimizers.Adam(1e-2), seed=0)
    model = frozen(regularizer)
    before = None if not model.built else [value(w) for w in regularizer.head_weights]
    encoder = [value(w) for w in model.encoder.weights]
    model.fit(x, batch_size=16, epochs=1, verbose=0)
    moves = [np.abs(value(w) - b) for w, b in zip(regularizer.head_weights, before, strict=True)]
    for move in moves:
        np.testing.assert_allclose(move, 1e-2, rtol=5e-2)
    for now, then in zip(model.encoder.weights, encoder, strict=True):
        np.testing.assert_array_equal(value(now), then)


@every_regularizer
@pytest.mark.parametrize("kind_of_model", MODELS)
def test_trains_with_biases(kind, kind_of_model, digits):
    model = biased(REGULARIZERS[kind](), digits, kind_of_model)
    before = [value(w) for w in model.encoder.trainable_weights]
    history = model.fit(digits.x_train, batch_size=16, epochs=8, verbose=0).history
    scores = model.score(digits.x_test)
    assert model.evaluate(digits.x_test, digits.y_test, return_dict=True)["auc"] > 0.9
    assert scores.std() / np.abs(scores).mean() > 0.2
    assert all(np.isfinite(values).all() for values in history.values())
    after = model.encoder.trainable_weights
    assert all((value(w) != b).any() for w, b in zip(after, before, strict=True))


def test_a_collapsing_training_is_kept_apart(digits):
    # A rate at which the biased network alone collapses onto the center.
    spreads = {}
    for name in ("none", "variance"):
        regularizer = VarianceRegularizer() if name == "variance" else None
        encoder = kocc.networks.lenet("digits", seed=0, use_bias=True)
        if regularizer is None:
            with pytest.warns(UserWarning, match="bias"):
                model = kocc.DeepSVDD(encoder, preprocessing=digits.preprocessing, seed=0)
        else:
            model = biased(regularizer, digits)
        model.compile(optimizer=keras.optimizers.Adam(3e-2))
        extra = (
            [VarianceAnnealing(every=None), AdaptiveWeighting(fixed=100.0)] if regularizer else []
        )
        history = model.fit(
            digits.x_train,
            batch_size=16,
            epochs=15,
            verbose=0,
            callbacks=[CollapseMonitor(action="log"), *extra],
        ).history
        spreads[name] = history["embedding_spread"][-1]
    # The threshold of .1 for the variance is a spread of .32.
    assert spreads["none"] < 0.15 < 0.25 < spreads["variance"]


@every_regularizer
def test_file_round_trip_goes_on_alike(kind, digits, tmp_path):
    model = biased(REGULARIZERS[kind](), digits)
    model.fit(digits.x_train, batch_size=16, epochs=2, verbose=0)
    model.save(tmp_path / "m.keras")
    loaded = keras.saving.load_model(tmp_path / "m.keras")
    assert loaded.get_config()["regularizer"] == model.get_config()["regularizer"]
    np.testing.assert_array_equal(model.score(digits.x_test), loaded.score(digits.x_test))
    histories = [
        m.fit(digits.x_train, batch_size=16, epochs=2, verbose=0).history for m in (model, loaded)
    ]
    assert histories[0] == histories[1]
    for a, b in zip(model.get_weights(), loaded.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_configuration_round_trip():
    made = [
        NoiseRegularizer(k=7, head_optimizer=keras.optimizers.SGD(0.25), seed=3, name="noisy"),
        VarianceRegularizer(threshold=0.7, name="hinge"),
    ]
    for regularizer in made:
        config = keras.saving.serialize_keras_object(regularizer)
        twin = keras.saving.deserialize_keras_object(config)
        assert twin.name == regularizer.name and twin.get_config() == regularizer.get_config()
    assert (twin.threshold, twin.name) == (0.7, "hinge")
    twin = NoiseRegularizer.from_config(made[0].get_config())
    assert (twin.k, twin.seed, float(twin.head_optimizer.learning_rate)) == (7, 3, 0.25)


@pytest.mark.slow
@every_regularizer
def test_resume_in_mid_annealing(kind, digits, tmp_path):
    def train(epochs, model=None):
        model = model or biased(REGULARIZERS[kind](), digits)
        backup = keras.callbacks.BackupAndRestore(tmp_path / "b", delete_checkpoint=False)
        options = dict(batch_size=16, epochs=epochs, verbose=0)
        return model, model.fit(digits.x_train, callbacks=[backup], **options).history

    train(4)
    resumed, history = train(7)
    assert len(history["loss"]) == 3
    whole = biased(REGULARIZERS[kind](), digits)
    expected = whole.fit(digits.x_train, batch_size=16, epochs=7, verbose=0).history
    assert {n: v[4:] for n, v in expected.items()} == history
    for a, b in zip(whole.get_weights(), resumed.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


@every_regularizer
def test_steps_per_execution(kind, digits):
    weights = []
    for steps in (1, 5):
        model = biased(REGULARIZERS[kind](), digits)
        model.compile(optimizer=keras.optimizers.Adam(1e-3), steps_per_execution=steps)
        model.fit(digits.x_train, batch_size=16, epochs=2, verbose=0)
        weights.append(model.get_weights())
    for a, b in zip(*weights, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)


@pytest.mark.slow
def test_two_replicas_have_one_variance(digits, two_replicas):
    def train():
        model = biased(VarianceRegularizer(threshold=5.0), digits)
        model.compile(optimizer=keras.optimizers.SGD(1e-3))
        history = model.fit(digits.x_train[:37], batch_size=16, epochs=3, verbose=0).history
        return model.get_weights(), history

    weights, history = train()
    with two_replicas.scope():
        replicated, own = train()
    for name in ("loss", "regularization", "regularization_weight"):
        np.testing.assert_allclose(own[name], history[name], rtol=1e-4, err_msg=name)
    for a, b in zip(weights, replicated, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)


@pytest.mark.slow
def test_two_replicas_with_noise(digits, two_replicas):
    with two_replicas.scope():
        model = biased(NoiseRegularizer(k=50, seed=0), digits)
    history = model.fit(digits.x_train[:64], batch_size=16, epochs=4, verbose=0).history
    assert history["regularization"][-1] == pytest.approx(np.log(2), abs=0.1)
    assert np.isfinite(model.score(digits.x_test)).all()


@every_regularizer
def test_mixed_precision(kind, digits, float16_policy):
    model = biased(REGULARIZERS[kind](), digits)
    history = model.fit(digits.x_train, batch_size=16, epochs=5, verbose=0).history
    assert np.isfinite(history["regularization_weight"]).all()
    assert model.evaluate(digits.x_test, digits.y_test, return_dict=True)["auc"] > 0.85


def test_a_scaled_loss_moves_the_head_no_faster(random, float16_policy):
    x = random.normal(1.0, 1.0, size=(16, 2))
    model = frozen(NoiseRegularizer(k=3, head_optimizer=keras.optimizers.SGD(1.0), seed=0))
    before = value(model.regularizer.head_weights[1])
    history = model.fit(x, batch_size=16, verbose=0).history
    move = np.abs(value(model.regularizer.head_weights[1]) - before)
    # dR/db = mean(sigmoid(z) - y) / k, at most 1/3.
    assert 0.0 < move.max() <= history["regularization_weight"][0] / 3


def test_the_head_is_no_part_of_an_export(digits, tmp_path):
    model = biased(NoiseRegularizer(k=50, seed=0), digits)
    model.fit(digits.x_train, batch_size=16, epochs=1, verbose=0)
    kocc.export(model, tmp_path / "served")
    served = tf.saved_model.load(tmp_path / "served")
    shapes = {tuple(v.shape) for v in served.variables}
    assert (32, 50) not in shapes and len(shapes) > 3


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: NoiseRegularizer(k=0), "`k` must be an integer of at least 1. Received: k=0"),
        (lambda: VarianceRegularizer(threshold=-0.1), "`threshold` must be .* above 0"),
        (lambda: AdaptiveWeighting(alpha=1.5), r"`alpha` must be in \[0, 1\]"),
        (lambda: AdaptiveWeighting(fixed=-1), "`fixed` must be a finite number"),
        (lambda: VarianceAnnealing(factor=0.5), "`factor` must be at least 1"),
        (lambda: VarianceAnnealing(every=0), "`every` must be an integer of at least 1"),
        (
            lambda: frozen([NoiseRegularizer(), VarianceRegularizer()]),
            "one of kerasocc.regularizers or None; one at a time. Received: list",
        ),
        (lambda: frozen("noise"), "Received: str"),
    ],
)
def test_bad_arguments(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_a_regularizer_belongs_to_one_model():
    regularizer = VarianceRegularizer()
    frozen(regularizer)
    with pytest.raises(ValueError, match="`regularizer` must be new"):
        frozen(regularizer)
