"""NeuTraL AD: the loss by hand, the transformations one by one, limits of both losses."""

import math

import keras
import numpy as np
import pytest
import tensorflow as tf

import kerasocc as kocc
from kerasocc.losses import contrastive, neutral_ad
from kerasocc.networks.transforms import LearnableTransforms

TAU = 0.5


def value(tensor):
    return keras.ops.convert_to_numpy(tensor)


def identity(features):
    """An encoder that embeds samples as they are."""
    return keras.Sequential([keras.Input((features,)), keras.layers.Flatten()])


def by_hand(embeddings, tau):
    """`L_n` and `L_a` of the paper in NumPy, in double precision, one term after the other."""
    losses = []
    for original, *views in np.asarray(embeddings, "float64"):

        def h(a, b):
            return math.exp(a @ b / np.linalg.norm(a) / np.linalg.norm(b) / tau)

        shares = []
        for k, view in enumerate(views):
            others = sum(h(view, other) for place, other in enumerate(views) if place != k)
            shares.append(h(view, original) / (h(view, original) + others))
        p, count = np.array(shares), len(views)
        losses.append((-np.log(p).sum(), -np.log(1 - p).sum()))
        losses[-1] = [total / count / math.log(count) for total in losses[-1]]
    return np.transpose(losses)


def both(embeddings, tau=TAU):
    odds = neutral_ad.log_odds(np.asarray(embeddings, "float32"), tau)
    return value(neutral_ad.normal(odds)), value(neutral_ad.anomalous(odds))


def test_three_views_by_hand():
    # The sample along x; views along x, y and -x: cosines to it 1, 0, -1.
    views = np.array([[[2, 0], [1, 0], [0, 3], [-1, 0]]])
    up, level, down = math.exp(1 / TAU), 1.0, math.exp(-1 / TAU)
    p = [up / (up + level + down), level / (level + 2 * level), down / (down + level + down)]
    scale = 3 * math.log(3)
    normal, anomalous = both(views)
    assert normal == pytest.approx(-sum(math.log(q) for q in p) / scale, rel=1e-6)
    assert anomalous == pytest.approx(-sum(math.log(1 - q) for q in p) / scale, rel=1e-6)


@pytest.mark.parametrize("count", [2, 3, 7])
def test_losses_are_those_of_the_paper(count, random):
    embeddings = random.normal(size=(5, count + 1, 4))
    np.testing.assert_allclose(both(embeddings), by_hand(embeddings, TAU), rtol=1e-5)


@pytest.mark.parametrize("count", [2, 5, 11])
def test_an_encoder_of_one_point_has_loss_1(count):
    normal, anomalous = both(np.ones((1, count + 1, 3)))
    assert normal == pytest.approx(1.0, rel=1e-6)
    # p is 1/K; half of the samples of K = 2 are found by chance.
    assert anomalous == pytest.approx(math.log(count / (count - 1)) / math.log(count), rel=1e-5)


def test_the_losses_differ_by_the_mean_log_odds(random):
    embeddings = random.normal(size=(6, 4, 5)).astype("float32")
    normal, anomalous = both(embeddings)
    odds = value(neutral_ad.log_odds(embeddings, TAU))
    np.testing.assert_allclose(normal - anomalous, -odds.mean(1) / math.log(3), rtol=1e-4)


def test_length_does_not_matter(random):
    embeddings = random.normal(size=(6, 4, 5))
    lengths = random.uniform(0.1, 100, size=(6, 4, 1))
    np.testing.assert_allclose(both(embeddings), both(lengths * embeddings), rtol=1e-4)


EXTREMES = {
    # cos(x_k, x) = 1 and cos(x_1, x_2) = -1 do not go together: p near 1 by the temperature.
    "p-rounds-to-1": ([[[1.0, 1.0], [1.0, 0.0], [0.0, 1.0]]], 1e-3),
    "p-rounds-to-0": ([[[-1.0, 0.0], [1.0, 0.0], [1.0, 0.0]]], 1e-3),
    "zero-embeddings": ([[[0.0, 0.0], [0.0, 0.0], [0.0, 0.0]]], 0.1),
    "one-zero-view": ([[[1.0, 0.0], [0.0, 0.0], [0.0, 1.0]]], 0.1),
    "tiny": ([[[1e-20, 0.0], [1e-30, 0.0], [0.0, 1e-8]]], 0.1),
    "huge": ([[[1e18, 0.0], [0.0, 1e18], [1e18, 1e18]]], 0.1),
}


@pytest.mark.parametrize("name", EXTREMES)
@pytest.mark.parametrize("loss", [neutral_ad.normal, neutral_ad.anomalous])
def test_extremes_are_finite_with_their_gradients(name, loss):
    embeddings, tau = EXTREMES[name]

    embeddings = tf.constant(embeddings, "float32")
    with tf.GradientTape() as tape:
        tape.watch(embeddings)
        losses = loss(neutral_ad.log_odds(embeddings, tau))
    assert np.isfinite(value(losses)).all()
    assert np.isfinite(value(tape.gradient(losses, embeddings))).all()


def test_a_sure_view_costs_an_anomaly_what_it_should():
    # cos(x_k, x) = 1/sqrt(2), cos(x_1, x_2) = 0: log p = 0 in float32, log(1 - p) = -cos/tau.
    embeddings, tau = EXTREMES["p-rounds-to-1"]
    normal, anomalous = both(embeddings, tau)
    assert normal == pytest.approx(0.0, abs=1e-30)
    assert anomalous == pytest.approx(math.sqrt(0.5) / tau / math.log(2), rel=1e-5)


def test_a_zero_vector_has_cosine_0():
    embeddings, _ = EXTREMES["one-zero-view"]
    # Logits, in units of 1/tau: view 1 has 0 to the sample, 0 to view 2; view 2 likewise.
    assert both(embeddings)[0] == pytest.approx(1.0)
    np.testing.assert_array_equal(value(contrastive.unit_length(np.zeros((2, 3)))), 0.0)


FORMS = {
    "forward": lambda m, x: m,
    "residual": lambda m, x: m + x,
    "mul": lambda m, x: x / (1 + np.exp(-m)),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("hidden", [(), (5,), (5, 3)])
@pytest.mark.parametrize("sample", [(4,), (2, 3, 1)])
def test_every_view_is_that_of_its_own_network(form, hidden, sample, random):
    x = random.normal(size=(7, *sample)).astype("float32")
    layer = LearnableTransforms(3, transform=form, hidden=hidden, seed=0)
    views = value(layer(x))
    assert views.shape == (7, 3, *sample)
    assert layer.compute_output_shape((None, *sample)) == (None, 3, *sample)
    kernels = [value(kernel) for kernel in layer.kernels]
    features = math.prod(sample)
    widths = [features, *hidden, features]
    assert [k.shape for k in kernels] == [(3, *w) for w in zip(widths, widths[1:], strict=False)]
    for k in range(3):
        made = rows = x.reshape(7, -1).astype("float64")
        for kernel in kernels[:-1]:
            made = np.maximum(made @ kernel[k], 0)
        expected = FORMS[form](made @ kernels[-1][k], rows)
        np.testing.assert_allclose(views[:, k].reshape(7, -1), expected, rtol=1e-4, atol=1e-6)


def test_all_networks_start_alike_but_apart():
    layer = LearnableTransforms(4, hidden=(50,), seed=3)
    layer.build((None, 100))
    for kernel, inputs in zip(layer.kernels, (100, 50), strict=True):
        for own in value(kernel):
            # PyTorch's default for a linear layer.
            assert 0.98 / math.sqrt(inputs) < np.abs(own).max() <= 1 / math.sqrt(inputs)
        assert not np.array_equal(value(kernel)[0], value(kernel)[1])
    twin, other = (LearnableTransforms(4, hidden=(50,), seed=seed) for seed in (3, 4))
    for layer_ in (twin, other):
        layer_.build((None, 100))
    np.testing.assert_array_equal(value(twin.kernels[0]), value(layer.kernels[0]))
    assert not np.array_equal(value(other.kernels[0]), value(layer.kernels[0]))


def test_transforms_are_serialisable(random):
    layer = LearnableTransforms(2, transform="mul", hidden=[4], seed=0, name="views")
    copy = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(layer))
    assert isinstance(copy, LearnableTransforms) and copy.get_config() == layer.get_config()
    x = random.normal(size=(3, 5)).astype("float32")
    np.testing.assert_array_equal(value(copy(x)), value(layer(x)))


def test_the_encoder_sees_samples_and_views_once(random):
    seen = []

    class Record(keras.layers.Layer):
        def call(self, inputs):
            seen.append(inputs)
            return inputs

    encoder = keras.Sequential([keras.Input((3,)), Record()])
    model = kocc.NeuTraLAD(encoder, num_transforms=4, temperature=TAU, seed=0)
    x = random.normal(size=(6, 3)).astype("float32")
    seen.clear()
    odds = value(model.represent(x))
    (batch,) = (value(inputs) for inputs in seen)
    assert batch.shape == (6 * model.views_per_sample, 3) == (30, 3)
    views = batch.reshape(6, 5, 3)
    np.testing.assert_array_equal(views[:, 0], x)
    np.testing.assert_array_equal(views[:, 1:], value(model.transforms(x)))
    normal, anomalous = by_hand(views, TAU)
    np.testing.assert_allclose(value(model.score_of(odds)), normal, rtol=1e-5)
    np.testing.assert_allclose(value(model.loss_of(odds, {})), normal, rtol=1e-5)
    np.testing.assert_allclose(value(model.anomaly_loss_of(odds)), anomalous, rtol=1e-5)
    np.testing.assert_allclose(model.score(x), normal, rtol=1e-5)
    np.testing.assert_array_equal(model.embed(x), x)


def test_a_step_follows_the_gradient_of_the_loss(random):
    x, small = random.normal(size=(5, 3)), 1e-6
    model = kocc.NeuTraLAD(
        identity(3), num_transforms=2, hidden=(), temperature=TAU, transform="forward", seed=0
    )
    model.compile(keras.optimizers.SGD(1.0))
    (kernel,) = model.transforms.kernels
    weights = value(kernel).astype("float64")
    model.train_on_batch(x.astype("float32"))

    def loss():
        views = np.einsum("bi,kio->bko", x, weights)
        return by_hand(np.concatenate([x[:, None], views], axis=1), TAU)[0].mean()

    gradient = np.zeros_like(weights)
    for place in np.ndindex(*weights.shape):
        weights[place] += small
        above = loss()
        weights[place] -= 2 * small
        gradient[place] = (above - loss()) / (2 * small)
        weights[place] += small
    np.testing.assert_allclose(weights - value(kernel), gradient, atol=1e-5)


def test_weight_decay_is_of_transformations_too(random):
    x = random.normal(size=(5, 3)).astype("float32")
    steps = []
    for weight_decay in (0.0, 0.5):
        model = kocc.NeuTraLAD(identity(3), num_transforms=2, weight_decay=weight_decay, seed=0)
        before = [value(kernel) for kernel in model.transforms.kernels]
        model.compile(keras.optimizers.SGD(0.1))
        model.train_on_batch(x)
        steps.append([value(k) - b for k, b in zip(model.transforms.kernels, before, strict=True)])
    for plain, decayed, old in zip(*steps, before, strict=True):
        np.testing.assert_allclose(decayed - plain, -0.1 * 0.5 * old, atol=1e-6)


def test_samples_of_zeros_train_and_score():
    # Without biases all of their views, and embeddings, are 0.
    x = np.concatenate([np.zeros((8, 4)), np.eye(4), -np.eye(4)]).astype("float32")
    model = kocc.NeuTraLAD(kocc.networks.mlp([4, 8, 2], seed=0), num_transforms=3, seed=0)
    model.compile(keras.optimizers.Adam(1e-3))
    model.fit(x, batch_size=4, epochs=2, shuffle=False, verbose=0)
    trained = [*model.encoder.weights, *model.transforms.weights]
    assert all(np.isfinite(value(w)).all() for w in trained)
    assert np.isfinite(model.score(x)).all()


@pytest.mark.slow
@pytest.mark.parametrize("transform", FORMS)
def test_it_finds_what_does_not_resemble_the_rest(transform, random):
    def rows(count, mixing):
        return (random.normal(size=(count, 3)) @ mixing + 1.0).astype("float32")

    first, second = random.normal(size=(2, 3, 12))
    x_train, x_test = rows(400, first), np.concatenate([rows(200, first), rows(200, second)])
    model = kocc.NeuTraLAD(
        kocc.networks.mlp([12, 32, 16], seed=0), num_transforms=5, transform=transform, seed=0
    )
    model.compile(keras.optimizers.Adam(1e-3))
    history = model.fit(x_train, batch_size=50, epochs=20, verbose=0).history
    result = model.evaluate(x_test, np.repeat([0, 1], 200), verbose=0, return_dict=True)
    assert history["loss"][-1] < 0.7 * history["loss"][0]
    assert result["auc"] > 0.85
    scores = model.score(x_test)
    assert scores.std() / scores.mean() > 0.2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"num_transforms": 1}, "`num_transforms` must be an integer of at least 2.*Received: .*1"),
        ({"num_transforms": 2.5}, "`num_transforms` must be an integer"),
        ({"transform": "add"}, "`transform` must be one of .*'mul'.* Received: transform='add'"),
        ({"hidden": (8, 0)}, "`hidden` must be an integer of at least 1. Received: hidden=0"),
        ({"hidden": 8}, "`hidden` must be a sequence of the widths .* Received: hidden=8"),
        ({"temperature": 0.0}, "`temperature` must be a finite number above 0. Received: .*0.0"),
        ({"temperature": math.nan}, "`temperature` must be a finite number above 0"),
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        kocc.NeuTraLAD(identity(2), **arguments)


def test_encoders_that_do_not_fit_are_refused():
    encoder = keras.Sequential([keras.Input((4, 4, 1)), keras.layers.Conv2D(2, 3)])
    with pytest.raises(ValueError, match=r"embeddings of shape \(batch, d\)"):
        kocc.NeuTraLAD(encoder)
    pooled = keras.Sequential([keras.Input((None, 2)), keras.layers.GlobalAveragePooling1D()])
    with pytest.raises(ValueError, match="`input_shape` must be fully defined"):
        kocc.NeuTraLAD(pooled)
