"""ICL: the loss by hand, the windows column by column, limits of both losses."""

import math

import keras
import numpy as np
import pytest
import tensorflow as tf

import kerasocc as kocc
from kerasocc.losses import icl
from kerasocc.networks import icl_encoder
from kerasocc.networks.grouped_dense import GroupedDense
from kerasocc.networks.icl import (
    WindowPairs,
    default_permutations,
    default_window,
    windows_first,
)

TAU = 0.5


def value(tensor):
    return keras.ops.convert_to_numpy(tensor)


def by_hand(pairs, tau):
    """`L_n` and `L_a` of the paper in NumPy, in double precision, one term after the other."""
    losses = []
    for windows, complements in np.asarray(pairs, "float64").swapaxes(1, 2):
        shares = []
        for j, complement in enumerate(complements):
            h = [
                math.exp(w @ complement / np.linalg.norm(w) / np.linalg.norm(complement) / tau)
                for w in windows
            ]
            shares.append(h[j] / sum(h))
        p = np.array(shares)
        losses.append((np.mean(-np.log(p)), np.mean(-np.log(1 - p))))
    return np.transpose(losses)


def both(pairs, tau=TAU):
    odds = icl.log_odds(np.asarray(pairs, "float32"), tau)
    return value(icl.normal(odds)), value(icl.anomalous(odds))


def test_two_windows_by_hand():
    # Windows along x and y; the complement of the first along x, of the second along -x.
    pairs = np.array([[[[2, 0], [1, 0]], [[0, 1], [-5, 0]]]])
    up, level, down = math.exp(1 / TAU), 1.0, math.exp(-1 / TAU)
    # The second complement has cosine -1 to the first window and 0 to its own.
    p = [up / (up + level), level / (down + level)]
    normal, anomalous = both(pairs)
    assert normal == pytest.approx(-sum(map(math.log, p)) / 2, rel=1e-6)
    assert anomalous == pytest.approx(-sum(math.log(1 - q) for q in p) / 2, rel=1e-6)


@pytest.mark.parametrize("count", [2, 3, 9])
def test_losses_are_those_of_the_paper(count, random):
    pairs = random.normal(size=(5, count, 2, 4))
    np.testing.assert_allclose(both(pairs), by_hand(pairs, TAU), rtol=1e-5)


@pytest.mark.parametrize("count", [2, 20])
def test_an_encoder_of_one_point_finds_by_chance(count):
    normal, anomalous = both(np.ones((1, count, 2, 3)))
    assert normal == pytest.approx(math.log(count), rel=1e-6)
    assert anomalous == pytest.approx(math.log(count / (count - 1)), rel=1e-5)


def test_the_losses_differ_by_the_mean_log_odds(random):
    pairs = random.normal(size=(6, 4, 2, 5)).astype("float32")
    normal, anomalous = both(pairs)
    odds = value(icl.log_odds(pairs, TAU))
    np.testing.assert_allclose(normal - anomalous, -odds.mean(1), rtol=1e-4)


EXTREMES = {
    "p-rounds-to-1": ([[[[1, 0], [1, 0]], [[0, 1], [0, 1]]]], 1e-3),
    "p-rounds-to-0": ([[[[1, 0], [0, 1]], [[0, 1], [1, 0]]]], 1e-3),
    "zero-embeddings": ([[[[0, 0], [0, 0]], [[0, 0], [0, 0]]]], 0.1),
    "one-zero-window": ([[[[0, 0], [0, 1]], [[0, 1], [1, 0]]]], 0.1),
    "tiny-and-huge": ([[[[1e-20, 0], [1e18, 1e18]], [[1e-8, 0], [0, 1e18]]]], 0.1),
}


@pytest.mark.parametrize("name", EXTREMES)
@pytest.mark.parametrize("loss", [icl.normal, icl.anomalous])
def test_extremes_are_finite_with_their_gradients(name, loss):
    pairs, tau = EXTREMES[name]
    pairs = tf.constant(pairs, "float32")
    with tf.GradientTape() as tape:
        tape.watch(pairs)
        losses = loss(icl.log_odds(pairs, tau))
    assert np.isfinite(value(losses)).all()
    assert np.isfinite(value(tape.gradient(losses, pairs))).all()


@pytest.mark.parametrize(("name", "place"), [("p-rounds-to-1", 1), ("p-rounds-to-0", 0)])
def test_sure_windows_cost_what_they_should(name, place):
    # Cosines 1 and 0: the log-odds are +-1/tau, one loss is that and the other 0.
    losses = both(*EXTREMES[name])
    assert losses[place] == pytest.approx(1 / 1e-3, rel=1e-6)
    assert losses[1 - place] == pytest.approx(0.0, abs=1e-30)


def test_windows_by_hand():
    assert windows_first(4, 2).tolist() == [[0, 1, 2, 3], [1, 2, 0, 3], [2, 3, 0, 1]]
    assert windows_first(3, 1).tolist() == [[0, 1, 2], [1, 0, 2], [2, 0, 1]]


def test_some_windows_are_spread_from_the_first_to_the_last():
    rows = windows_first(6, 2, count=3)
    assert rows.tolist() == [[0, 1, 2, 3, 4, 5], [2, 3, 0, 1, 4, 5], [4, 5, 0, 1, 2, 3]]
    starts = windows_first(100, 10, count=40)[:, 0]
    assert (starts[0], starts[-1]) == (0, 90) and set(np.diff(starts)) == {2, 3}
    np.testing.assert_array_equal(windows_first(9, 2, count=8), windows_first(9, 2))


@pytest.mark.parametrize(
    ("columns", "most", "windows"), [(41, 40, 32), (100, 40, 40), (100, None, 91), (100, 7, 7)]
)
def test_a_row_has_a_limited_number_of_windows(columns, most, windows):
    encoder = icl_encoder(columns, num_windows=most, permutations=1, hidden=(2,), code=2)
    assert encoder.output_shape == (None, windows, 2, 2)


def test_twenty_windows_by_default():
    assert icl_encoder(100, hidden=(2,), code=2).output_shape == (None, 20, 2, 2)
    assert icl_encoder(9, permutations=1, hidden=(2,), code=2).output_shape == (None, 8, 2, 2)


# floor(100 / (ln n + d)) + 1; ln 1000 = 6.91, ln 3450 = 8.15.
@pytest.mark.parametrize(
    ("columns", "samples", "permutations"),
    [(3, 1000, 11), (20, 1000, 4), (93, 1000, 2), (94, 1000, 1), (100, 3450, 1), (9, 10**6, 5)],
)
def test_the_paper_s_number_of_models(columns, samples, permutations):
    assert default_permutations(columns, samples) == permutations
    shape = icl_encoder(columns, samples=samples, hidden=(2,), code=2).output_shape
    assert shape[1:-3] == ((permutations,) if permutations > 1 else ())


@pytest.mark.parametrize(
    ("columns", "window"), [(3, 2), (40, 2), (41, 10), (160, 10), (161, 11), (784, 634)]
)
def test_the_paper_s_windows(columns, window):
    assert default_window(columns) == window


def test_an_encoder_is_two_networks_on_the_parts(random):
    encoder = icl_encoder(6, window=4, permutations=1, hidden=(5,), code=3, seed=0)
    x = random.normal(size=(7, 6)).astype("float32")
    pairs = value(encoder(x))
    assert pairs.shape == (7, 3, 2, 3) and encoder.output_shape == (None, 3, 2, 3)
    layer = encoder.layers[-1]

    def embedded(network, j, rows, first):
        (dense, _, norm), (code, _, last) = network.layers[:3], network.layers[3:]
        for layer, activation, own in ((dense, first, norm), (code, leaky, last)):
            rows = activation(rows @ value(layer.kernel))
            # No batch has been seen: mean 0 and variance 1.
            scale, shift = value(own.gamma)[j], value(own.beta)[j]
            rows = scale * rows / math.sqrt(1 + own.epsilon) + shift
        return rows

    def leaky(z):
        return np.where(z < 0, 0.01 * z, z)

    for network in (layer.windows, layer.complements):
        for weight in network.trainable_weights:
            weight.assign(random.normal(size=weight.shape))
    pairs = value(encoder(x))
    for j in range(3):
        inside = np.arange(j, j + 4)
        outside = [column for column in range(6) if column not in inside]
        expected = embedded(layer.windows, j, x[:, inside], leaky)
        np.testing.assert_allclose(pairs[:, j, 0], expected, rtol=1e-4, atol=1e-4)
        expected = embedded(layer.complements, j, x[:, outside], np.tanh)
        np.testing.assert_allclose(pairs[:, j, 1], expected, rtol=1e-4, atol=1e-4)
    kernels = (4 + 3) * 2 + (2 + 3) * 5
    scales_and_shifts = 2 * 2 * 2 * 3
    trained = sum(int(np.prod(w.shape)) for w in encoder.trainable_weights)
    assert trained == kernels + scales_and_shifts


def test_batch_statistics_are_those_of_each_window(random):
    encoder = icl_encoder(5, window=2, permutations=1, hidden=(6,), code=2, seed=0)
    x = random.normal(size=(9, 5)).astype("float32")
    encoder(x, training=True)
    dense, _, norm, *_ = encoder.layers[-1].windows.layers
    hidden = x[:, windows_first(5, 2)[:, :2]] @ value(dense.kernel)
    hidden = np.where(hidden < 0, 0.01 * hidden, hidden)
    expected = 0.1 * hidden.mean((0, 2))
    np.testing.assert_allclose(value(norm.moving_mean), expected, atol=1e-6)


def test_samples_that_are_not_flat_are_flattened(random):
    options = dict(hidden=(5,), code=3, seed=0)
    image, row = icl_encoder((2, 3, 1), **options), icl_encoder(6, **options)
    x = random.normal(size=(4, 2, 3, 1)).astype("float32")
    np.testing.assert_array_equal(value(image(x)), value(row(x.reshape(4, 6))))


def test_encoders_of_equal_seeds_are_equal(random):
    x = random.normal(size=(4, 6)).astype("float32")
    first, same, other = (value(icl_encoder(6, seed=seed, permutations=2)(x)) for seed in (3, 3, 4))
    np.testing.assert_array_equal(first, same)
    assert not np.allclose(first, other)
    assert not np.allclose(first[..., 0, :], first[..., 1, :])


def linear(inputs, seed):
    """A linear network from parts of `inputs` columns to codes of two dimensions."""
    initializer = keras.initializers.GlorotNormal(seed)
    dense = keras.layers.Dense(2, use_bias=False, kernel_initializer=initializer)
    return keras.Sequential([keras.Input((None, inputs)), dense])


def test_window_pairs_are_serialisable_with_networks_of_one_s_own(random):
    layer = WindowPairs(2, linear(2, seed=0), linear(3, seed=1))
    copy = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(layer))
    assert isinstance(copy, WindowPairs) and copy.get_config() == layer.get_config()
    x = random.normal(size=(3, 5)).astype("float32")
    np.testing.assert_array_equal(value(copy(x)), value(layer(x)))
    assert layer.compute_output_shape((None, 5)) == (None, 4, 2, 2)


def test_scores_and_embeddings_are_those_of_the_pairs(random):
    encoder = icl_encoder(6, permutations=1, hidden=(5,), code=3, seed=0)
    model = kocc.ICL(encoder, temperature=TAU, seed=0)
    x = random.normal(size=(7, 6)).astype("float32")
    pairs, odds = value(encoder(x)), model.represent(x)
    assert model.views_per_sample == 2 * pairs.shape[1] == 10
    normal, anomalous = by_hand(pairs, TAU)
    np.testing.assert_allclose(model.score(x), normal, rtol=1e-5)
    np.testing.assert_allclose(value(model.loss_of(odds, {})), normal, rtol=1e-5)
    np.testing.assert_allclose(value(model.anomaly_loss_of(odds)), anomalous, rtol=1e-5)
    expected = np.concatenate([pairs[:, :, 0].mean(1), pairs[:, :, 1].mean(1)], axis=1)
    np.testing.assert_allclose(model.embed(x), expected, atol=1e-6)


def test_a_step_follows_the_gradient_of_the_loss(random):
    x, small = random.normal(size=(5, 4)), 1e-6
    layer = WindowPairs(2, linear(2, seed=0), linear(2, seed=1))
    encoder = keras.Sequential([keras.Input((4,)), layer])
    model = kocc.ICL(encoder, temperature=TAU, seed=0)
    model.compile(keras.optimizers.SGD(1.0))
    kernels = encoder.trainable_weights
    weights = [value(kernel).astype("float64") for kernel in kernels]
    model.train_on_batch(x.astype("float32"))
    parted = x[:, windows_first(4, 2)]

    def loss():
        parts = (parted[..., :2] @ weights[0], parted[..., 2:] @ weights[1])
        return by_hand(np.stack(parts, axis=2), TAU)[0].mean()

    for kernel, weight in zip(kernels, weights, strict=True):
        gradient = np.zeros_like(weight)
        for place in np.ndindex(*weight.shape):
            weight[place] += small
            above = loss()
            weight[place] -= 2 * small
            gradient[place] = (above - loss()) / (2 * small)
            weight[place] += small
        np.testing.assert_allclose(weight - value(kernel), gradient, atol=1e-5)


def test_rows_of_zeros_train_and_score():
    # Without biases their embeddings are 0.
    x = np.concatenate([np.zeros((8, 4)), np.eye(4), -np.eye(4)]).astype("float32")
    model = kocc.ICL(icl_encoder(4, hidden=(5,), code=3, seed=0), seed=0)
    model.compile(keras.optimizers.Adam(1e-3))
    model.fit(x, batch_size=4, epochs=2, shuffle=False, verbose=0)
    assert all(np.isfinite(value(w)).all() for w in model.encoder.weights)
    assert np.isfinite(model.score(x)).all()


# In the fast part the conformance suite shows that it learns.
@pytest.mark.slow
def test_it_finds_columns_that_do_not_go_together(random):
    def rows(count, mixing):
        return (random.normal(size=(count, 3)) @ mixing).astype("float32")

    first, second = random.normal(size=(2, 3, 12))
    x_train, x_test = rows(400, first), np.concatenate([rows(200, first), rows(200, second)])
    model = kocc.ICL(icl_encoder(12, permutations=2, hidden=(32,), code=16, seed=0), seed=0)
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
        (dict(features=2), "`features` must be at least 3 columns.* Received: features=2"),
        (dict(features=(1, 2)), r"`features` must be at least 3 .* Received: features=\(1, 2\)"),
        (dict(features=4.5), "`features` must be an integer"),
        (dict(features=6, window=6), "`window` must be less than the 6 columns.*: window=6"),
        (dict(features=6, window=0), "`window` must be an integer of at least 1"),
        (dict(features=6, hidden=(4, 0)), "`hidden` must be an integer of at least 1"),
        (dict(features=6, num_windows=1), "`num_windows` must be an integer of at least 2"),
        (dict(features=6, permutations=0), "`permutations` must be an integer of at least 1"),
        (dict(features=6, samples=0), "`samples` must be an integer of at least 1"),
        (dict(features=6, code=0), "`code` must be an integer of at least 1"),
    ],
)
def test_bad_encoder_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        icl_encoder(**arguments)


@pytest.mark.parametrize("temperature", [0.0, -1.0, math.inf])
def test_bad_temperature(temperature):
    with pytest.raises(ValueError, match="`temperature` must be a finite number above 0"):
        kocc.ICL(icl_encoder(4), temperature=temperature)


@pytest.mark.parametrize(
    "layers",
    [
        [keras.layers.Dense(4)],
        [keras.layers.Dense(12), keras.layers.Reshape((2, 3, 2))],
        [keras.layers.Dense(6), keras.layers.Reshape((1, 2, 3))],
    ],
    ids=["flat", "no-pairs", "one-window"],
)
def test_encoders_of_anything_but_pairs_are_refused(layers):
    encoder = keras.Sequential([keras.Input((6,)), *layers])
    with pytest.raises(ValueError, match=r"shape \(batch, windows, 2, d\).*output shape \(None, "):
        kocc.ICL(encoder)


# Several orders of the columns.


def randomized(encoder, random):
    for weight in encoder.trainable_weights:
        weight.assign(0.5 * random.normal(size=weight.shape))
    return encoder


def of_one_order(encoder, number):
    """An encoder of one order with the weights that another has for its order `number`."""
    layer = encoder.layers[-1]
    single = icl_encoder(5, permutations=1, hidden=(6,), code=3)
    count = layer.count
    for own, theirs in zip(single.weights, encoder.weights, strict=True):
        # Kernels of all orders, and one scale and shift per window.
        part = theirs[number] if len(theirs.shape) == 3 else theirs[count * number :][:count]
        own.assign(part)
    return single, np.array(layer.orders[number])


def test_an_order_is_an_encoder_of_its_own_for_permuted_columns(random):
    encoder = randomized(icl_encoder(5, permutations=3, hidden=(6,), code=3, seed=0), random)
    orders = encoder.layers[-1].orders
    assert orders[0] == list(range(5))
    assert all(sorted(order) == orders[0] for order in orders)
    assert len(set(map(tuple, orders))) == 3
    x = random.normal(size=(7, 5)).astype("float32")
    pairs = value(encoder(x))
    assert pairs.shape == (7, 3, 4, 2, 3) and encoder.output_shape == (None, 3, 4, 2, 3)
    model = kocc.ICL(encoder, temperature=TAU, seed=0)
    assert model.views_per_sample == 3 * 4 * 2
    scores, embeddings = [], []
    for number in range(3):
        single, order = of_one_order(encoder, number)
        np.testing.assert_allclose(pairs[:, number], value(single(x[:, order])), atol=1e-5)
        alone = kocc.ICL(single, temperature=TAU, seed=0)
        scores.append(alone.score(x[:, order]))
        embeddings.append(alone.embed(x[:, order]))
    np.testing.assert_allclose(model.score(x), np.mean(scores, axis=0), rtol=1e-4)
    np.testing.assert_allclose(model.embed(x), np.concatenate(embeddings, axis=1), atol=1e-5)
    assert np.std(scores, axis=0).min() > 1e-3


def test_losses_are_the_means_over_the_orders(random):
    pairs = random.normal(size=(5, 3, 4, 2, 6))
    normal, anomalous = zip(*(by_hand(pairs[:, number], TAU) for number in range(3)), strict=True)
    odds = icl.log_odds(pairs.astype("float32"), TAU)
    assert odds.shape == (5, 3, 4)
    found = value(icl.normal(odds)).mean(1), value(icl.anomalous(odds)).mean(1)
    np.testing.assert_allclose(found, [np.mean(normal, 0), np.mean(anomalous, 0)], rtol=1e-5)


@pytest.mark.slow
def test_orders_are_trained_like_models_of_their_own(random):
    encoder = randomized(icl_encoder(5, permutations=2, hidden=(6,), code=3, seed=0), random)
    singles = [of_one_order(encoder, number) for number in range(2)]
    x = random.normal(size=(24, 5)).astype("float32")

    def train(encoder, x, rate):
        model = kocc.ICL(encoder, temperature=TAU, seed=0)
        model.compile(keras.optimizers.SGD(rate))
        model.fit(x, batch_size=8, epochs=2, verbose=0)

    # The loss is the mean over two orders.
    train(encoder, x, 0.2)
    for number, (single, order) in enumerate(singles):
        before = single.get_weights()
        train(single, x[:, order], 0.1)
        after, _ = of_one_order(encoder, number)
        for old, one, other in zip(before, single.weights, after.weights, strict=True):
            np.testing.assert_allclose(value(one), value(other), atol=1e-4)
            assert np.abs(value(one) - old).max() > 1e-3


def test_the_orders_are_in_the_file(random, tmp_path):
    orders = [[4, 2, 0, 1, 3], [0, 1, 2, 3, 4]]
    layer = WindowPairs(2, linear(2, seed=0), linear(3, seed=1), orders=orders)
    model = kocc.ICL(keras.Sequential([keras.Input((5,)), layer]))
    x = random.normal(size=(7, 5)).astype("float32")
    model.save(tmp_path / "model.keras")
    loaded = kocc.load_model(tmp_path / "model.keras")
    assert loaded.encoder.layers[-1].orders == orders
    np.testing.assert_array_equal(loaded.score(x), model.score(x))


def test_layers_of_older_files_have_all_windows_of_one_order(random):
    layer = WindowPairs(2, linear(2, seed=0), linear(3, seed=1))
    config = layer.get_config()
    del config["count"], config["orders"]
    x = random.normal(size=(3, 5)).astype("float32")
    np.testing.assert_array_equal(value(WindowPairs.from_config(config)(x)), value(layer(x)))


def test_grouped_dense_by_hand():
    layer = GroupedDense(1, groups=2)
    layer.build((None, 4, 2))
    layer.kernel.assign([[[1.0], [10.0]], [[100.0], [0.0]]])
    x = np.arange(8, dtype="float32").reshape(1, 4, 2)
    assert value(layer(x)).ravel().tolist() == [10.0, 32.0, 400.0, 600.0]
    assert layer.compute_output_shape((None, 4, 2)) == (None, 4, 1)
    with pytest.raises(ValueError, match="`groups` must divide the 5 rows.*groups=2"):
        GroupedDense(1, groups=2).build((None, 5, 2))
