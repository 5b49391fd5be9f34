"""The noise regularizer: labels, head, replicas, export."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import kerasocc as kocc
from kerasocc import distribution
from kerasocc.regularizers import NoiseRegularizer, noise
from tests.regularizers.models import biased, frozen, value


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


def test_a_step_against_noise_by_hand(monkeypatch):
    labels = np.array([[1, 0, 0], [1, 1, 0]])
    monkeypatch.setattr(keras.random, "randint", lambda *_, **__: keras.ops.array(labels))
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


def test_two_replicas_draw_the_labels_of_one(two_replicas, monkeypatch):
    """3 and 2 of the 5 samples of a batch; one replica draws all."""
    drawn = {}

    def record(logits, labels):
        replica = tf.distribute.get_replica_context().replica_id_in_sync_group
        drawn[int(replica)] = value(labels)
        return tf.reduce_mean(tf.cast(labels, "float32"), axis=-1)

    monkeypatch.setattr(noise, "random_label_cross_entropy", record)
    with two_replicas.scope():
        regularizer = built(seed=0)

    def penalty_share():
        number = distribution.replica_number()
        with distribution.piece_of_batch(distribution.Piece(3 * number, 5, 5)):
            return regularizer.penalty_share(tf.ones((3 - number, 3)))

    shares, penalties = two_replicas.run(penalty_share)
    two = np.concatenate([drawn[0], drawn[1]])
    built(seed=0).penalty_share(tf.ones((5, 3)))
    np.testing.assert_array_equal(two, drawn[0])
    shares, penalties = (
        [float(each) for each in two_replicas.experimental_local_results(values)]
        for values in (shares, penalties)
    )
    assert penalties == pytest.approx([sum(shares)] * 2)


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


@pytest.mark.slow
def test_two_replicas_with_noise(digits, two_replicas):
    with two_replicas.scope():
        model = biased(NoiseRegularizer(k=50, seed=0), digits)
    history = model.fit(digits.x_train[:64], batch_size=16, epochs=4, verbose=0).history
    assert history["regularization"][-1] == pytest.approx(np.log(2), abs=0.1)
    assert np.isfinite(model.score(digits.x_test)).all()


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
    kocc.export(model, tmp_path / "served", signatures=["serving_default"])
    served = tf.saved_model.load(tmp_path / "served")
    shapes = {tuple(v.shape) for v in served.variables}
    assert (32, 50) not in shapes and len(shapes) > 3
