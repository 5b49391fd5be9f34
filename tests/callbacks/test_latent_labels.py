"""Latent outlier exposure: flags, quotas, refreshes, and what is left alone."""

import importlib.util
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from sklearn.metrics import roc_auc_score

import kerasocc as kocc
from kerasocc.callbacks import LatentLabels
from kerasocc.losses import latent_outlier_exposure, oc_nn
from kerasocc.models.base import OneClassModel
from tests.conformance.test_training import assert_same_weights

FEATURES = 4
BY_RANK = ("soft", "hard", "refine")


@pytest.fixture
def x(random):
    """A cloud, and every tenth point far off it."""
    x = random.normal(size=(60, FEATURES))
    x[::10] += 4.0
    return x.astype("float32")


def truth_of(x):
    return (np.arange(len(x)) % 10 == 0).astype("float32")


def network(seed=0):
    """Without BatchNorm: training and inference mode agree."""
    initializer = keras.initializers.GlorotUniform(seed=seed)
    layer = keras.layers.Dense(3, use_bias=False, kernel_initializer=initializer)
    return keras.Sequential([keras.Input((FEATURES,)), layer])


def build(model=kocc.DeepSVDD, *, rate=1e-2, eager=True, **options):
    model = model(network(), seed=0, **options)
    model.compile(optimizer=keras.optimizers.SGD(rate), run_eagerly=eager)
    return model


def fit(model, x, latent=None, y=None, **options):
    if isinstance(x, np.ndarray):
        options = {"batch_size": 16, **options}
    callbacks = [*([latent] if latent else []), *options.pop("callbacks", [])]
    return model.fit(x, y, verbose=0, callbacks=callbacks, **options).history


def losses_of(model, x):
    """`L_n` and `L_a` of Deep SVDD, without any code of the model."""
    embedding = x @ np.array(model.encoder.layers[0].kernel)
    distance = ((embedding - np.array(model.center)) ** 2).sum(axis=1)
    return distance, 1 / (distance + 1e-6)


def labelled(mode, normal, anomaly, share, quota=None):
    """Latent labels and losses in NumPy; the quota is rounded unless it is given."""
    quota = round(share * len(normal)) if quota is None else quota
    ranking = normal if mode == "refine" else normal - anomaly
    flagged = np.zeros(len(normal), bool)
    flagged[np.argsort(-ranking)[:quota]] = True
    label = {"soft": 0.5, "hard": 1.0, "refine": 1.0}[mode] * flagged
    return label, (1 - label) * normal + label * (0.0 if mode == "refine" else anomaly)


# The pure functions.


def test_mixed_loss_by_hand():
    normal, anomaly = np.array([4.0, 4.0, 4.0]), np.array([0.25, 0.25, 0.25])
    found = latent_outlier_exposure.mixed_loss(normal, anomaly, np.array([0.0, 0.5, 1.0]))
    np.testing.assert_allclose(found, [4.0, 2.125, 0.25])


def flags(ranking, candidates, share, fixed_shapes):
    """Flags of a first batch."""
    ratio = np.array(latent_outlier_exposure.as_ratio(share), "int32")
    return latent_outlier_exposure.flag_batch(
        ranking, candidates, ratio, np.int32(0), fixed_shapes=fixed_shapes
    )[0]


@pytest.mark.parametrize(
    ("share", "expected"),
    [
        (0.0, [0, 0, 0, 0, 0]),
        (0.09, [0, 0, 0, 0, 0]),
        (0.2, [0, 0, 1, 0, 0]),
        (0.39, [0, 0, 1, 0, 0]),
        (0.4, [0, 0, 1, 0, 1]),
        (0.6, [1, 0, 1, 0, 1]),
    ],
)
@pytest.mark.parametrize("fixed_shapes", [True, False])
@pytest.mark.parametrize("candidates", [None, np.ones(5, bool)])
def test_flags_by_hand(share, expected, candidates, fixed_shapes):
    ranking = np.array([3.0, 1.0, 9.0, 2.0, 4.0], "float32")
    found = flags(ranking, candidates, share, fixed_shapes)
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("fixed_shapes", [True, False])
def test_equal_samples_do_not_exceed_the_quota(fixed_shapes):
    ranking = np.array([1.0, 2.0, 1.0, 1.0, 0.0], "float32")
    found = flags(ranking, None, 0.6, fixed_shapes)
    np.testing.assert_array_equal(found, [1, 1, 1, 0, 0])
    found = flags(np.ones(10, "float32"), np.ones(10, bool), 0.3, fixed_shapes)
    assert float(np.sum(found)) == 3.0


@pytest.mark.parametrize("fixed_shapes", [True, False])
def test_labelled_samples_are_no_candidates(fixed_shapes):
    ranking = np.array([9.0, 8.0, 1.0, 2.0, 3.0, 4.0], "float32")
    candidates = np.array([False, False, True, True, True, True])
    found = flags(ranking, candidates, 0.25, fixed_shapes)
    np.testing.assert_array_equal(found, [0, 0, 0, 0, 0, 1])
    none = flags(ranking, np.zeros(6, bool), 0.5, fixed_shapes)
    assert not np.any(none)


def test_anomaly_losses_are_finite_with_their_gradients():
    distance = tf.Variable([0.0, 1.0])
    with tf.GradientTape() as tape:
        loss = latent_outlier_exposure.inverse(distance)
    np.testing.assert_allclose(loss, [1e6, 1.0], rtol=1e-5)
    assert np.isfinite(tape.gradient(loss, distance)).all()
    projections = np.array([-1.0, 0.5, 2.0], "float32")
    np.testing.assert_allclose(oc_nn.mirrored_hinge(projections, 0.5), [0.0, 0.0, 1.5])


# The quota.


@pytest.mark.parametrize(
    ("share", "ratio"),
    [
        (0.0, (0, 1)),
        (0.1, (1, 10)),
        (float(np.float32(0.1)), (1, 10)),
        (0.07, (7, 100)),
        (1 / 3, (1, 3)),
        (0.12345, (2469, 20000)),
        (1e-6, (1, 10**6)),
    ],
)
def test_shares_as_ratios_by_hand(share, ratio):
    assert latent_outlier_exposure.as_ratio(share) == ratio


def test_every_ratio_is_close_and_fits_into_32_bits(random):
    shares = [*random.uniform(size=2000), *10.0 ** random.uniform(-8, 0, 2000), 1 - 1e-9]
    for share in shares:
        numerator, denominator = latent_outlier_exposure.as_ratio(share)
        assert denominator * (numerator + 1) <= 2**31 and numerator <= denominator
        assert numerator / denominator == pytest.approx(share, rel=2e-5)
    assert latent_outlier_exposure.as_ratio(1e-300) == (0, 1)


def quotas(share, counts, remainder=0):
    ratio, remainder = (
        np.array(latent_outlier_exposure.as_ratio(share), "int32"),
        np.int32(remainder),
    )
    found = []
    for count in counts:
        quota, remainder = latent_outlier_exposure.carried_quota(
            np.int32(count), ratio, np.int32(remainder)
        )
        found.append(int(quota))
    return found, int(remainder)


def test_quotas_by_hand():
    # 0.32, 0.64, 0.96, 1.28, 0.6
    assert quotas(0.01, [32] * 5) == ([0, 0, 0, 1, 0], 60)
    # 2.4, 2.8, 2.0
    assert quotas(0.1, [24, 24, 12]) == ([2, 2, 2], 0)
    # Whole numbers carry nothing, also those that floats miss: 0.29 * 100 is 28.999...
    assert quotas(0.29, [100] * 3) == ([29] * 3, 0)
    assert quotas(0.1, [20, 0, 10]) == ([2, 0, 1], 0)
    # A rest that another ratio has left is less than a sample.
    assert quotas(0.5, [2, 2], remainder=20001) == ([1, 1], 1)
    assert quotas(0.12345, [10**9]) == ([123450000], 0)


def test_without_a_ratio_nothing_is_flagged():
    quota, _ = latent_outlier_exposure.carried_quota(
        np.int32(32), np.zeros(2, "int32"), np.int32(7)
    )
    assert int(quota) == 0


@pytest.mark.parametrize("share", [0.01, 0.1, 1 / 3, 0.37, 0.123457, 0.999])
def test_all_batches_together_flag_the_share_of_all_samples(share, random):
    counts = random.integers(0, 50, 400)
    found, _ = quotas(share, counts)
    expected = np.floor(share * np.cumsum(counts) + 1e-6)
    np.testing.assert_array_equal(np.cumsum(found), expected)
    assert (np.array(found) <= counts).all()


# The step.


@pytest.mark.parametrize("refresh", ["batch", "epoch"])
@pytest.mark.parametrize("mode", BY_RANK)
def test_loss_and_labels_by_hand(x, mode, refresh):
    model = build(rate=0.0)
    latent = LatentLabels(mode=mode, contamination=0.2, refresh=refresh)
    history = fit(model, x, latent, batch_size=len(x), epochs=1)
    label, loss = labelled(mode, *losses_of(model, x), 0.2)
    assert history["loss"] == pytest.approx([loss.mean()], rel=1e-5)
    np.testing.assert_array_equal(latent.labels, label)
    assert latent.contamination_used == history["flagged_share"][0] == 0.2


@pytest.mark.parametrize("refresh", ["batch", "epoch"])
def test_the_quota_is_that_of_the_batch_or_of_the_whole_set(x, refresh):
    model = build(rate=0.0)
    latent = LatentLabels(mode="hard", contamination=0.1, refresh=refresh)
    history = fit(model, x, latent, batch_size=24, shuffle=False, epochs=1)
    normal, anomaly = losses_of(model, x)
    if refresh == "epoch":
        loss = labelled("hard", normal, anomaly, 0.1)[1]
    else:
        # 2.4, then 0.4 + 2.4, then 0.8 + 1.2.
        batches = [slice(0, 24), slice(24, 48), slice(48, 60)]
        loss = np.concatenate(
            [labelled("hard", normal[b], anomaly[b], 0.1, quota=2)[1] for b in batches]
        )
    assert history["loss"] == pytest.approx([loss.mean()], rel=1e-5)


@pytest.mark.parametrize("mode", ["soft", "hard"])
def test_a_step_takes_the_gradient_of_the_mixed_loss(x, mode):
    model = build(rate=0.1)
    latent = LatentLabels(mode=mode, contamination=0.2)
    model.initialize_center(x)
    kernel = np.array(model.encoder.layers[0].kernel, "float64")
    label, _ = labelled(mode, *losses_of(model, x), 0.2)
    fit(model, x, latent, batch_size=len(x), epochs=1)
    difference = x @ kernel - np.array(model.center)
    distance = (difference**2).sum(axis=1)
    # d/d(dist) of (1 - y) dist + y / (dist + eps)
    slope = (1 - label) - label / (distance + 1e-6) ** 2
    gradient = 2 * x.T @ (slope[:, None] * difference) / len(x)
    np.testing.assert_allclose(
        model.encoder.layers[0].kernel, kernel - 0.1 * gradient, rtol=1e-4, atol=1e-6
    )


@pytest.mark.parametrize("mode", BY_RANK)
def test_both_refreshes_agree_on_one_batch(x, mode):
    models = [build(), build(eager=False)]
    for model, refresh in zip(models, ("batch", "epoch"), strict=True):
        fit(model, x, LatentLabels(mode=mode, refresh=refresh), batch_size=len(x), epochs=4)
    assert_same_weights(*models, tolerance=1e-6)


def test_a_step_compiled_by_xla_flags_the_same(x):
    models = [build(eager=False), build(eager=False)]
    models[1].compile(optimizer=keras.optimizers.SGD(1e-2), jit_compile=True)
    for model in models:
        fit(model, x, LatentLabels(contamination=0.2), epochs=3)
    assert_same_weights(*models, tolerance=1e-6)


@pytest.mark.parametrize(
    ("options", "batch_size"),
    [
        (dict(mode="blind"), 16),
        (dict(contamination=0.0), 16),
        (dict(contamination=0.0, refresh="epoch"), 16),
        # Too few samples in all batches together to flag one.
        (dict(contamination=0.005), 4),
        (dict(warmup=3), 16),
        (dict(mode="known", truth=np.zeros(60)), 16),
    ],
)
def test_without_flags_it_is_the_plain_training(x, options, batch_size):
    plain, model = build(), build()
    latent = LatentLabels(**options)
    fit(plain, x, batch_size=batch_size, epochs=3)
    fit(model, x, latent, batch_size=batch_size, epochs=3)
    assert np.isfinite(np.array(model.encoder.layers[0].kernel)).all()
    # The share counts, not what is flagged; the weights that hold it may differ.
    for name in ("flagged_share", "flagged_ratio", "flagged_remainder"):
        getattr(model, name).assign(getattr(plain, name))
    assert_same_weights(plain, model)


def test_equal_samples_are_told_apart_by_their_place():
    x = np.ones((10, FEATURES), "float32")
    x[7] = 5.0
    latent = LatentLabels(mode="hard", contamination=0.4, refresh="epoch")
    fit(build(rate=0.0), x, latent, epochs=1)
    np.testing.assert_array_equal(np.flatnonzero(latent.labels), [0, 1, 2, 7])


@pytest.mark.parametrize(("contamination", "passes"), [(0.0, 1), (0.2, 4)])
def test_an_epoch_without_flags_needs_no_pass(x, monkeypatch, contamination, passes):
    model = build()
    calls, run = [], model.inference.map
    monkeypatch.setattr(
        model.inference,
        "map",
        lambda method, *arguments, **options: (
            (method == "loss_differences" and calls.append(1)) or run(method, *arguments, **options)
        ),
    )
    fit(model, x, LatentLabels(contamination=contamination, refresh="epoch"), epochs=3)
    # The last one is that of the labels by the final weights.
    assert len(calls) == passes


def test_known_labels(x):
    model, truth = build(rate=0.0), truth_of(x)
    latent = LatentLabels(mode="known", truth=truth)
    history = fit(model, x, latent, epochs=2)
    normal, anomaly = losses_of(model, x)
    assert history["loss"] == pytest.approx([np.where(truth, anomaly, normal).mean()] * 2, rel=1e-5)
    np.testing.assert_array_equal(latent.labels, truth)


def test_semi_supervised_labels_are_kept(x):
    y = np.zeros(len(x))
    y[:20], y[20:30] = 1, -1
    for refresh in ("batch", "epoch"):
        model = build(kocc.DeepSAD, rate=0.0)
        latent = LatentLabels(mode="hard", contamination=0.2, refresh=refresh)
        history = fit(model, x, latent, y, batch_size=len(x), epochs=1)
        distance, inverse = losses_of(model, x)
        free = y == 0
        label = np.zeros(len(x))
        label[free], mixed = labelled("hard", distance[free], inverse[free], 0.2)
        expected = np.where(y < 0, inverse, distance + 1e-6)
        expected[free] = mixed
        assert label.sum() == 6
        assert history["loss"] == pytest.approx([expected.mean()], rel=1e-5)
        np.testing.assert_array_equal(latent.labels, label)


class Crossed(kocc.DeepSVDD):
    """The nearer a sample is, the larger is `L_n - L_a`."""

    def anomaly_loss_of(self, representation):
        return 3.0 * self.score_of(representation)


@pytest.mark.parametrize("refresh", ["batch", "epoch"])
def test_the_difference_of_the_losses_ranks(x, refresh):
    for mode in BY_RANK:
        model = build(Crossed, rate=0.0)
        latent = LatentLabels(mode=mode, contamination=0.2, refresh=refresh)
        history = fit(model, x, latent, batch_size=len(x), epochs=1)
        distance, _ = losses_of(model, x)
        label, loss = labelled(mode, distance, 3 * distance, 0.2)
        assert history["loss"] == pytest.approx([loss.mean()], rel=1e-5)
        np.testing.assert_array_equal(latent.labels, label)
        assert (distance[label > 0].max() < distance[label == 0].min()) == (mode != "refine")


def test_known_labels_beside_semi_supervised_ones(x):
    model, y = build(kocc.DeepSAD, rate=0.0), np.zeros(len(x))
    y[:20], y[20:25] = 1, -1
    latent = LatentLabels(mode="known", truth=truth_of(x))
    history = fit(model, x, latent, y, batch_size=len(x), epochs=1)
    distance, inverse = losses_of(model, x)
    is_anomaly = (y < 0) | ((y == 0) & (truth_of(x) > 0))
    expected = np.where(is_anomaly, inverse, distance)
    assert history["loss"] == pytest.approx([expected.mean()], rel=1e-5)


# The course of a training.


def test_warmup_counts_epochs_over_all_fits(x):
    model = build()
    latent = LatentLabels(mode="hard", contamination=0.2, warmup=2)
    assert fit(model, x, latent, epochs=3)["flagged_share"] == [0.0, 0.0, 0.2]
    assert fit(model, x, latent, epochs=1)["flagged_share"] == [0.2]


def test_a_training_without_latent_labels_follows(x):
    """The compiled step of the training before is not used again."""
    model, plain = build(eager=False), build(eager=False)
    fit(plain, x, LatentLabels(mode="hard", contamination=0.3), epochs=1)
    fit(model, x, LatentLabels(mode="hard", contamination=0.3), epochs=1)
    loss = fit(model, x, epochs=1)["loss"]
    assert plain.train_on_batch(x) != pytest.approx(loss[0])
    fresh = build(eager=False, rate=0.0)
    fresh.center.assign(model.center)
    fresh.encoder.set_weights(model.encoder.get_weights())
    assert fit(fresh, x, epochs=1)["loss"][0] == pytest.approx(losses_of(model, x)[0].mean(), 1e-5)
    loss = float(fresh.train_on_batch(x))
    assert loss == pytest.approx(losses_of(model, x)[0].mean(), 1e-5)
    for mode in ("refine", "hard"):
        expected = labelled(mode, *losses_of(fresh, x), 0.3)[1].mean()
        latent = LatentLabels(mode=mode, contamination=0.3)
        assert fit(fresh, x, latent, batch_size=60, epochs=1)["loss"] == pytest.approx([expected])


class Killed(Exception):
    """Stands in for the end of the process."""


class KillAfter(keras.callbacks.Callback):
    """Raises in the middle of an epoch."""

    def __init__(self, epoch):
        super().__init__()
        self.epoch, self.now = epoch, 0

    def on_epoch_begin(self, epoch, logs=None):
        self.now = epoch

    def on_train_batch_end(self, batch, logs=None):
        if self.now == self.epoch:
            raise Killed


@pytest.mark.slow
@pytest.mark.parametrize(
    "options",
    [
        dict(refresh="epoch", contamination=0.15),
        # 7.8 samples per epoch: the rest is carried from epoch to epoch.
        dict(refresh="batch", contamination=0.13),
        dict(refresh="batch", contamination="auto", warmup=2),
        dict(refresh="epoch", contamination="auto", warmup=2, mode="hard"),
    ],
)
def test_resumed_training_equals_uninterrupted(x, tmp_path, options):
    def train(*callbacks):
        model, latent = build(), LatentLabels(**options)
        backup = keras.callbacks.BackupAndRestore(tmp_path / "backup")
        fit(model, x, latent, epochs=6, callbacks=[backup, *callbacks])
        return model, latent

    with pytest.raises(Killed):
        train(KillAfter(4))
    resumed, latent = train()
    uninterrupted, other = build(), LatentLabels(**options)
    fit(uninterrupted, x, other, epochs=6)
    assert latent.contamination_used == pytest.approx(other.contamination_used, 1e-6)
    assert_same_weights(resumed, uninterrupted)
    np.testing.assert_array_equal(latent.labels, other.labels)


class Counting(kocc.DeepSVDD):
    """The loss tells how many samples are flagged."""

    def anomaly_loss_of(self, representation):
        return 0.0 * self.score_of(representation) - 1e6


@pytest.mark.parametrize("batch_size", [7, 16, 32, 60])
@pytest.mark.parametrize("eager", [True, False])
def test_small_batches_flag_the_share_of_all_samples(x, batch_size, eager):
    model = build(Counting, rate=0.0, eager=eager)
    latent = LatentLabels(mode="hard", contamination=0.05)
    losses = fit(model, x, latent, batch_size=batch_size, epochs=3)["loss"]
    assert [round(-60 * loss / 1e6) for loss in losses] == [3, 3, 3]


def test_a_loaded_model_goes_on_with_what_was_left(x, tmp_path):
    def latent():
        return LatentLabels(mode="hard", contamination=0.13)

    model = build()
    fit(model, x, latent(), epochs=2)
    # 15.6 in two epochs.
    assert int(np.array(model.flagged_remainder)) == 60
    model.save(tmp_path / "model.keras")
    loaded = kocc.load_model(tmp_path / "model.keras")
    for one in (model, loaded):
        fit(one, x, latent(), epochs=1)
    # And 7.8 more.
    assert int(np.array(model.flagged_remainder)) == 40
    assert_same_weights(model, loaded)


# Datasets and replicas.


class Table(keras.utils.PyDataset):
    """Batches of four."""

    def __init__(self, x, **options):
        super().__init__(**options)
        self.x = x

    def __len__(self):
        return -(-len(self.x) // 4)

    def __getitem__(self, number):
        return self.x[4 * number : 4 * number + 4]


def dataset(x):
    return tf.data.Dataset.from_tensor_slices(x).batch(4)


@pytest.mark.slow
@pytest.mark.parametrize("make", [dataset, Table, lambda x: Table(x, workers=2)])
@pytest.mark.parametrize("refresh", ["batch", "epoch"])
def test_datasets_equal_arrays(x, make, refresh):
    models, rules = [build(eager=False), build(eager=False)], []
    for model, data in zip(models, (x, make(x)), strict=True):
        rules.append(LatentLabels(mode="hard", contamination=0.25, refresh=refresh))
        options = {"batch_size": 4} if data is x else {}
        fit(model, data, rules[-1], shuffle=False, epochs=3, **options)
    assert_same_weights(*models, tolerance=1e-6)
    np.testing.assert_array_equal(rules[0].labels, rules[1].labels)
    assert rules[0].labels.sum() == 15


@pytest.mark.parametrize("kind", ["array", "tf.data", pytest.param("py", marks=pytest.mark.slow)])
@pytest.mark.parametrize(
    "options",
    [dict(), dict(refresh="epoch"), pytest.param(dict(mode="refine"), marks=pytest.mark.slow)],
)
def test_two_replicas_equal_one(x, kind, options, two_replicas):
    def train():
        model = build(eager=False)
        latent = LatentLabels(
            mode=options.get("mode", "hard"),
            contamination=0.2,
            **{k: v for k, v in options.items() if k != "mode"},
        )
        data = {"array": x[:55], "tf.data": dataset(x[:55]), "py": Table(x[:56])}[kind]
        # The last batch has pieces of different sizes.
        extra = {"batch_size": 12} if kind == "array" else {}
        history = fit(model, data, latent, epochs=3, **extra)
        return model, latent, history

    single, latent, history = train()
    with two_replicas.scope():
        replicated, other, losses = train()
    np.testing.assert_allclose(losses["loss"], history["loss"], rtol=1e-5)
    np.testing.assert_array_equal(latent.labels, other.labels)
    assert_same_weights(single, replicated, tolerance=1e-5)


def test_labels_count_in_a_fit_after_one_without(x, two_replicas):
    # Keras would go on with the step of the first fit, which has no labels to look at.
    y = np.where(np.arange(len(x)) % 10 == 0, -1.0, 0.0)
    with two_replicas.scope():
        models = [build(kocc.DeepSAD, rate=0.0, eager=False) for _ in range(2)]
    fit(models[0], x, LatentLabels(), epochs=1)
    losses = [fit(m, x, LatentLabels(), y, epochs=1, shuffle=False)["loss"] for m in models]
    assert losses[0] == pytest.approx(losses[1], rel=1e-6)


def test_labels_follow_the_samples_not_the_order_of_the_epoch(x):
    latent = LatentLabels(mode="hard", contamination=0.1, refresh="epoch")
    model = build(rate=0.0)
    losses = fit(model, x, latent, epochs=3)["loss"]
    assert losses == pytest.approx([losses[0]] * 3, rel=1e-6)


def test_data_without_an_end(x):
    endless = dataset(x).repeat()
    latent = LatentLabels(contamination=0.25)
    fit(build(), endless, latent, epochs=1, steps_per_epoch=4)
    assert latent.labels is None
    message = "A dataset that ends, without `steps_per_epoch`, is needed to keep latent labels"
    with pytest.raises(ValueError, match=message):
        fit(build(), endless, LatentLabels(refresh="epoch"), epochs=1, steps_per_epoch=4)
    with pytest.raises(ValueError, match="is needed to estimate the contamination"):
        latent = LatentLabels(contamination="auto", warmup=1)
        fit(build(), endless, latent, epochs=2, steps_per_epoch=4)


def test_samples_that_change_their_places(x):
    shuffled = tf.data.Dataset.from_tensor_slices(x).shuffle(60, seed=0).batch(4)
    fit(build(), shuffled, LatentLabels(contamination=0.25), epochs=1)
    with pytest.raises(ValueError, match="same samples in the same order at every pass"):
        fit(build(), shuffled, LatentLabels(refresh="epoch"), epochs=1)


# Arguments.


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (dict(mode="loe"), "`mode` must be one of"),
        (dict(contamination=1.0), r"`contamination` must be in \[0, 1\). Received"),
        (dict(contamination="some"), r"`contamination` must be in \[0, 1\), or 'auto'"),
        (dict(refresh="never"), "`refresh` must be one of"),
        (dict(warmup=-1), "`warmup` must be"),
        (dict(contamination="auto"), "`warmup` must be at least 1 for contamination='auto'"),
        (dict(mode="known"), "`truth` must be given for mode='known'"),
        (dict(truth=np.zeros(3)), "`truth` must be given for mode='known', and for no other"),
        (dict(mode="known", truth=[0, 1, 2]), "`truth` must be 0 .normal. or 1"),
        (dict(mode="known", truth=[[0], [1]]), r"Received: shape \(2, 1\)"),
    ],
)
def test_arguments_are_checked(arguments, message):
    with pytest.raises(ValueError, match=message):
        LatentLabels(**arguments)


def test_what_does_not_fit_a_training(x):
    with pytest.raises(ValueError, match="a value per training sample: 60 expected. Received: 6"):
        fit(build(), x, LatentLabels(mode="known", truth=np.zeros(6)))
    with pytest.raises(ValueError, match="one `LatentLabels` at most. Received: 2"):
        fit(build(), x, LatentLabels(), callbacks=[LatentLabels()])

    class NoAnomalies(kocc.DeepSVDD):
        anomaly_loss_of = OneClassModel.anomaly_loss_of

    with pytest.raises(ValueError, match="needs a model with an anomaly loss for mode='soft'.*No"):
        fit(build(NoAnomalies), x, LatentLabels())
    fit(build(NoAnomalies), x, LatentLabels(mode="refine", refresh="epoch"))


# What it is for.


@pytest.mark.slow
@pytest.mark.parametrize("refresh", ["batch", "epoch"])
def test_contaminated_digits(refresh):
    data = kocc.datasets.one_vs_rest("digits", normal_class=0, contamination=0.1)

    def train(mode):
        truth = data.truth_train if mode == "known" else None
        latent = LatentLabels(mode=mode, refresh=refresh, warmup=5, truth=truth)
        encoder = kocc.networks.lenet("digits", seed=0)
        model = kocc.DeepSVDD(encoder, preprocessing=data.preprocessing, seed=0)
        before = encoder.get_weights()[0]
        model.compile(keras.optimizers.Adam(1e-3))
        model.fit(data.x_train, batch_size=32, epochs=40, verbose=0, callbacks=[latent])
        assert np.abs(encoder.get_weights()[0] - before).max() > 1e-2
        scores = model.score(data.x_test)
        assert scores.std() / scores.mean() > 0.2
        return roc_auc_score(data.y_test, scores)

    aucs = {mode: train(mode) for mode in ("blind", *BY_RANK, "known")}
    assert aucs["known"] > 0.999
    assert min(aucs["soft"], aucs["hard"]) > aucs["blind"] + 0.01, aucs
    assert aucs["refine"] > aucs["blind"], aucs


@pytest.mark.slow
def test_the_toy_in_two_dimensions():
    """Blind takes the clusters of anomalies for normal, latent outlier exposure does not."""
    path = Path(__file__).parents[2] / "benchmarks" / "latent_toy.py"
    spec = importlib.util.spec_from_file_location("latent_toy", path)
    toy = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(toy)
    x, truth = toy.sample(90, 10, seed=0)
    for mode in toy.TITLES:
        scores = toy.train(x, mode).score(x)
        normal, anomalies = scores[truth == 0], scores[truth == 1]
        if mode == "blind":
            assert np.median(anomalies) < np.quantile(normal, 0.95)
        else:
            assert anomalies.min() > 3 * normal.max(), mode
