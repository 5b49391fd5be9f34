"""Robust autoencoder: noise in the objective, its proximal step, and where it is kept."""

import json
import math

import keras
import numpy as np
import pytest
import tensorflow as tf
from sklearn.metrics import roc_auc_score

import kerasocc as kocc
from kerasocc.callbacks import NoiseUpdate, StateCallback, noise_files
from kerasocc.datasets import Rows
from kerasocc.datasets.preprocessing import min_max
from kerasocc.models import training_noise
from tests.conformance.test_training import assert_same_weights
from tests.other_backends import run_on

FEATURES = 6
FORMS = ("residual", "input")
NORMS = (("l1", "samples"), ("l21", "samples"), ("l21", "features"))


@pytest.fixture
def x(random):
    """Points near a plane, every fifth entry far off it."""
    x = random.normal(size=(50, 2)) @ random.normal(size=(2, FEATURES))
    x[random.random(x.shape) < 0.2] += 3.0
    return x.astype("float32")


def networks(seed=0, features=FEATURES):
    widths = [features, 8, 2]
    return (
        kocc.networks.mlp(widths, seed=seed),
        kocc.networks.mlp_decoder(widths, activation=None, seed=seed),
    )


def build(model=kocc.RobustAutoencoder, *, optimizer=None, seed=0, eager=True, **options):
    """A model that takes eager steps, as tracing them would take longer than they do."""
    robust = model(*networks(seed), seed=0, **options)
    robust.compile(optimizer=optimizer or keras.optimizers.Adam(1e-2), run_eagerly=eager)
    return robust


def fit(model, x, epochs=2, callbacks=(), **options):
    options = {"batch_size": 16, **options} if isinstance(x, np.ndarray | Rows) else options
    history = model.fit(x, epochs=epochs, verbose=0, callbacks=list(callbacks), **options)
    return history.history


def proximal(z, lam, norm, groups):
    """The proximal step in NumPy, and in float64."""
    z, t = z.astype("float64"), lam / 2
    if norm == "l1":
        return np.sign(z) * np.maximum(np.abs(z) - t, 0)
    size = np.sqrt((z**2).sum(axis=1 if groups == "samples" else 0, keepdims=True))
    return z * np.maximum(0, 1 - t / np.maximum(size, 1e-30))


def reconstruction(model, x, noise):
    """What the networks make of prepared inputs, without any code of the model."""
    read = x - noise if model.encode == "residual" else x
    return np.array(model.decoder(model.encoder(read, training=False), training=False))


class Recorder(keras.callbacks.Callback):
    """Noise after every epoch; runs after the state callbacks."""

    def on_train_begin(self, logs=None):
        self.noise = []

    def on_epoch_end(self, epoch, logs=None):
        self.noise.append(self.model.noise.copy())


# The objective.


def linear(encode, lam=2.0):
    """A model that keeps the first of two features and makes the other 0; it does not learn."""
    encoder = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1, use_bias=False)])
    decoder = keras.Sequential([keras.Input((1,)), keras.layers.Dense(2, use_bias=False)])
    encoder.layers[0].kernel.assign([[1.0], [0.0]])
    decoder.layers[0].kernel.assign([[1.0, 0.0]])
    model = kocc.RobustAutoencoder(encoder, decoder, lam=lam, encode=encode, seed=0)
    model.compile(optimizer=keras.optimizers.SGD(0.0))
    return model


@pytest.mark.parametrize(("encode", "expected"), [("residual", 6.5), ("input", 7.0)])
def test_loss_with_noise_by_hand(encode, expected):
    x, noise = np.array([[1.0, 2.0], [3.0, 4.0]]), np.eye(2, dtype="float32")
    model = linear(encode)
    # x - n = (0, 2), (3, 3). Of it (0, 0), (3, 0) is reconstructed: 4 and 9; of x itself
    # (1, 0), (3, 0): 1 + 4 and 9.
    targets = {"label": np.zeros(2), "index": np.arange(2), "noise": noise}
    assert model.train_on_batch(x, targets) == pytest.approx(expected)
    # Without noise (1, 0), (3, 0): 4 and 16.
    assert model.train_on_batch(x) == pytest.approx(10.0)
    assert model.evaluate(x) == [pytest.approx(10.0)]
    np.testing.assert_allclose(model.score(x), [4.0, 16.0])


@pytest.mark.parametrize("encode", FORMS)
def test_fit_trains_against_the_noise_by_hand(encode):
    x = np.array([[1.0, 2.0], [3.0, 4.0]])
    model = linear(encode)
    history = model.fit(x, epochs=3, verbose=0).history
    # N = 0 at first; then Z = (0, 2), (0, 4), beyond lam / 2 = 1: N = (0, 1), (0, 3).
    np.testing.assert_allclose(history["loss"], [10.0, 1.0, 1.0], rtol=1e-6)
    np.testing.assert_allclose(history["noise_norm"], [4.0, 4.0, 4.0], rtol=1e-6)
    assert history["noise_share"] == [0.5] * 3
    np.testing.assert_allclose(model.noise, [[0.0, 1.0], [0.0, 3.0]], rtol=1e-6)
    np.testing.assert_allclose(model.noise_scores(), [1.0, 3.0], rtol=1e-6)
    assert model.noise_scores().dtype == np.float32
    np.testing.assert_allclose(model.reconstruct(x), [[1.0, 0.0], [3.0, 0.0]])
    np.testing.assert_allclose(model.denoise(x), [[1.0, 1.0], [3.0, 1.0]], rtol=1e-6)


@pytest.mark.parametrize("encode", FORMS)
def test_noise_has_bounds_where_the_reconstruction_has_none(encode, tmp_path):
    x = np.array([[1.0, 2.0], [3.0, 4.0]])
    model = linear(encode)
    model.decoder.layers[-1].kernel.assign([[100.0, 0.0]])
    model.fit(x, epochs=1, verbose=0)
    # The reconstructions (100, 0), (300, 0) are clipped to 1 - 1.5 and 4 + 1.5: the residuals are
    # (-4.5, 2) and (-2.5, 4), and lam / 2 is 1.
    expected = np.array([[-3.5, 1.0], [-1.5, 3.0]])
    np.testing.assert_allclose(model.noise, expected, rtol=1e-6)
    np.testing.assert_allclose(model.score(x), [99.0**2 + 4, 297.0**2 + 16], rtol=1e-6)
    model.save(tmp_path / "model.keras")
    loaded = kocc.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(loaded.denoise(x, iterations=1), x - expected, rtol=1e-6)
    # Files from before have no range.
    model.derive_state("value_range")
    assert model.denoise(x, iterations=1)[0, 0] == pytest.approx(1 + 98)


def test_without_noise_it_is_the_autoencoder(x):
    plain = build(kocc.Autoencoder)
    robust = build(lam=math.inf)
    histories = [fit(plain, x, 3), fit(robust, x, 3, [NoiseUpdate(every=1)])]
    assert histories[0] == histories[1]
    assert_same_weights(plain, robust)
    np.testing.assert_array_equal(plain.score(x), robust.score(x))
    np.testing.assert_array_equal(robust.denoise(x), x)
    assert robust.default_callbacks() == [] and robust.noise is None
    with pytest.raises(ValueError, match="no noise of a training set.*Received: lam=inf, 3 ep"):
        robust.noise_scores()
    noisy = build(lam=0.5)
    fit(noisy, x, 3)
    assert not np.array_equal(noisy.score(x), robust.score(x))


@pytest.mark.parametrize("encode", FORMS)
@pytest.mark.parametrize(("norm", "groups"), NORMS)
def test_noise_is_the_proximal_step_of_the_residuals(x, norm, groups, encode):
    # Large numbers of raw data: the noise is that of the prepared ones.
    raw = x * 100 + 7
    lam = {"l1": 0.3, "samples": 1.8, "features": 5.0}[groups if norm == "l21" else norm]
    preprocessing = min_max(raw)
    model = build(lam=lam, norm=norm, groups=groups, encode=encode, preprocessing=preprocessing)
    recorder = Recorder()
    history = fit(model, raw, 3, [recorder])
    prepared = np.array(preprocessing(raw))
    z = prepared - reconstruction(model, prepared, recorder.noise[1])
    expected = proximal(z, lam, norm, groups)
    np.testing.assert_allclose(model.noise, expected, rtol=1e-4, atol=1e-5)
    # None of it by chance: some of it is 0 and some is not.
    axis = {"samples": 1, "features": 0}[groups] if norm == "l21" else None
    size = np.abs(expected) if axis is None else np.sqrt((expected**2).sum(axis=axis))
    assert 0 < np.count_nonzero(size) < size.size
    assert history["noise_norm"][-1] == pytest.approx(size.sum(), rel=1e-4)
    assert history["noise_share"][-1] == pytest.approx(np.mean(size > 0))
    scores = np.sqrt((expected**2).sum(axis=1))
    np.testing.assert_allclose(model.noise_scores(), scores, rtol=1e-4, atol=1e-5)
    # New data: the same alternation from n = 0, with the factors of the training set.
    factors = np.ones(FEATURES)
    if groups == "features":
        factors = keras.ops.convert_to_numpy(model.feature_shrinkage)
        np.testing.assert_allclose(z * factors, expected, rtol=1e-4, atol=1e-5)
    noise = np.zeros_like(prepared[:9])
    for _ in range(4 if encode == "residual" else 1):
        z = prepared[:9] - reconstruction(model, prepared[:9], noise.astype("float32"))
        noise = z * factors if groups == "features" else proximal(z, lam, norm, groups)
    clean = model.denoise(raw[:9], iterations=4)
    np.testing.assert_allclose(clean, prepared[:9] - noise, rtol=1e-4, atol=1e-4)
    for batch_size in (1, 4):
        again = model.denoise(raw[:9], iterations=4, batch_size=batch_size)
        np.testing.assert_allclose(again, clean, rtol=1e-4, atol=1e-5)


class Objective(NoiseUpdate):
    """Takes the whole objective over the training set around every proximal step."""

    def __init__(self, x):
        super().__init__()
        self.x, self.values = x, []

    def on_epoch_end(self, epoch, logs=None):
        model = self.model
        before = np.zeros_like(self.x) if model.noise is None else model.noise
        output = reconstruction(model, self.x, before)
        super().on_epoch_end(epoch, logs)
        self.values.append([self.of(noise, output) for noise in (before, model.noise)])

    def of(self, noise, output):
        model = self.model
        size = np.sqrt((noise**2).sum(axis=1)) if model.norm == "l21" else np.abs(noise)
        return float(((self.x - noise - output) ** 2).sum() + model.lam * size.sum())


@pytest.mark.parametrize(
    ("encode", "norm", "lam"), [("residual", "l1", 1.0), ("input", "l21", 2.0)]
)
def test_every_step_and_the_alternation_lower_the_objective(x, encode, norm, lam):
    model = build(lam=lam, norm=norm, encode=encode)
    objective = Objective(x)
    fit(model, x, 12, [objective])
    before, after = np.array(objective.values).T
    assert (after <= before * (1 + 1e-6)).all()
    assert after[0] < 0.99 * before[0]
    assert after[-1] < 0.85 * after[0]


# The feeding.


class Table(keras.utils.PyDataset):
    """Batches of four rows."""

    def __init__(self, x, **options):
        super().__init__(**options)
        self.x = x

    def __len__(self):
        return -(-len(self.x) // 4)

    def __getitem__(self, step):
        return self.x[4 * step : 4 * step + 4]


def dataset(x, batch_size=4):
    return tf.data.Dataset.from_tensor_slices(x).batch(batch_size)


class Staged(NoiseUpdate):
    """Puts known noise in the place of the computed one."""

    def on_epoch_end(self, epoch, logs=None):
        noise = self.model.training_noise
        value = np.arange(np.prod(noise.shape)).reshape(noise.shape) * (epoch + 1.0)
        noise.set(value.astype("float32"), self.epochs_trained())


KINDS = {
    "array": lambda x: x,
    "rows": lambda x: Rows(x),
    "tf.data": dataset,
    "prefetched": lambda x: dataset(x).prefetch(8),
    "py": Table,
    "threads": lambda x: Table(x, workers=3),
    "processes": lambda x: Table(x, workers=2, use_multiprocessing=True),
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_batch_sees_the_noise_of_the_last_epoch(x, kind):
    x = x[:22]
    model = build(optimizer=keras.optimizers.SGD(0.0), eager=False)
    model.decoder.layers[-2].kernel.assign(np.zeros((8, FEATURES)))
    history = fit(model, KINDS[kind](x), 4, [Staged()])
    steps = np.arange(x.size).reshape(x.shape)
    # Nothing is reconstructed: the loss is the size of x - n.
    expected = [((x - epoch * steps) ** 2).sum(axis=1).mean() for epoch in range(4)]
    np.testing.assert_allclose(history["loss"], expected, rtol=1e-5)


@pytest.mark.slow
def test_rows_and_memory_mapped_noise_equal_arrays(x, tmp_path, monkeypatch):
    np.save(tmp_path / "x.npy", x)
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r")
    models = [build(lam=0.5, norm="l21", groups=g) for g in ("samples", "features") * 2]
    for model in models[:2]:
        fit(model, x)
    monkeypatch.setattr(noise_files, "MEMORY_LIMIT", 0)
    fit(models[2], mapped)
    fit(models[3], Rows(mapped), callbacks=[NoiseUpdate(folder=tmp_path / "noise")])
    for array, other in zip(models[:2], models[2:], strict=True):
        assert_same_weights(array, other)
        assert type(array.noise) is np.ndarray and isinstance(other.noise, np.memmap)
        np.testing.assert_array_equal(array.noise, other.noise)
        np.testing.assert_array_equal(array.noise_scores(), other.noise_scores())
    np.testing.assert_array_equal(
        np.load(next((tmp_path / "noise").glob("noise-000002-*"))), models[1].noise
    )


@pytest.mark.slow
def test_datasets_give_the_noise_of_arrays(x, monkeypatch):
    models = [build(lam=0.5) for _ in range(3)]
    # Batches of one size round alike.
    monkeypatch.setattr(training_noise, "rows_at_once", lambda shape: 21)
    sizes = [spy_on_sizes(model, monkeypatch) for model in models]
    fit(models[0], x, shuffle=False, batch_size=4)
    fit(models[1], dataset(x))
    fit(models[2], Table(x), shuffle=False)
    for model in models[1:]:
        np.testing.assert_array_equal(model.noise, models[0].noise)
        assert_same_weights(model, models[0])
    assert sizes == [[21, 21, 8] * 2] * 3


def spy_on_sizes(model, monkeypatch):
    sizes, map_noise = [], model.map_noise

    def spy(method, x, noise):
        sizes.append(len(x))
        return map_noise(method, x, noise)

    monkeypatch.setattr(model, "map_noise", spy)
    return sizes


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["tf.data", "threads"])
def test_two_replicas_equal_one(x, kind, two_replicas):
    def train():
        # Arrays are in the conformance suite; without BatchNorm, which is the replica's own.
        layers = [keras.layers.Dense(n, kernel_initializer="ones") for n in (2, FEATURES)]
        encoder = keras.Sequential([keras.Input((FEATURES,)), layers[0]])
        decoder = keras.Sequential([keras.Input((2,)), layers[1]])
        model = kocc.RobustAutoencoder(
            encoder, decoder, lam=9.0, norm="l21", groups="features", seed=0
        )
        model.compile(optimizer=keras.optimizers.SGD(1e-3, momentum=0.9))
        return model, fit(model, KINDS[kind](x), 3)

    single, history = train()
    with two_replicas.scope():
        replicated, other = train()
    assert set(history) == {"loss", "noise_norm", "noise_share"}
    for name, values in history.items():
        np.testing.assert_allclose(other[name], values, rtol=1e-5, err_msg=name)
    np.testing.assert_allclose(replicated.noise, single.noise, rtol=1e-4, atol=1e-5)
    assert_same_weights(single, replicated, tolerance=1e-5)


def altered_at_random(x):
    # Not TensorFlow's random numbers: with a seed set, by any test, every pass has the same.
    generator = np.random.default_rng(0)

    def shift(v):
        return v + tf.ensure_shape(
            tf.numpy_function(lambda: np.float32(generator.normal()), [], tf.float32), []
        )

    return dataset(x).map(shift)


def endless(x):
    return dataset(x).repeat()


@pytest.mark.parametrize(
    ("data", "options", "message"),
    [
        (lambda x: dataset(x).shuffle(9), {}, "same order at every pass.*Remove `shuffle`"),
        (altered_at_random, {}, "random alterations"),
        (dataset, dict(steps_per_epoch=2), "that ends, without `steps_per_epoch`.*Received: step"),
        (Table, dict(steps_per_epoch=2), "Received: steps_per_epoch=2$"),
        (endless, {}, "Received: steps_per_epoch=None and an endless dataset"),
        (endless, dict(steps_per_epoch=2), "=2 and an endless dataset"),
    ],
)
def test_samples_need_a_position(x, data, options, message):
    with pytest.raises(ValueError, match=message):
        fit(model := build(), data(x), **options)
    # Before the training, not after an epoch of it.
    assert int(model.optimizer.iterations.numpy()) == 0


def test_without_noise_samples_need_no_position(x):
    model = build(lam=math.inf)
    fit(model, dataset(x).shuffle(9).repeat(), 1, steps_per_epoch=2)
    assert model.noise is None


def test_a_dataset_may_shuffle_once(x):
    data = tf.data.Dataset.from_tensor_slices(x).shuffle(50, reshuffle_each_iteration=False)
    model = build()
    fit(model, data.batch(16))
    order = np.concatenate(list(data.batch(16).as_numpy_iterator()))
    assert not np.array_equal(order, x)
    z = np.argsort(np.abs(order).max(axis=1))
    assert model.noise.shape == x.shape and model.noise_scores()[z[-1]] > 0


class Changing(Table):
    """Rows in another order, or fewer or more of them, after the first epoch."""

    def __init__(self, x, change):
        super().__init__(x)
        self.changed = change(x)

    def on_epoch_end(self):
        self.x = self.changed


@pytest.mark.parametrize(
    "change", [lambda x: x[::-1], lambda x: x[:-1], lambda x: np.concatenate([x, x[:1]])]
)
def test_data_that_change_between_epochs_are_noticed(x, change):
    errors = (ValueError, tf.errors.InvalidArgumentError)
    with pytest.raises(errors, match="must hold the same samples"):
        fit(build(), Changing(x, change))


def test_batches_of_different_sizes_are_refused(x):
    class Uneven(Table):
        def __getitem__(self, step):
            return self.x[4 * step : 4 * step + 4 - step % 2]

    with pytest.raises(ValueError, match=r"but the last must be of one size.*sizes \[2, 3, 4\]"):
        fit(build(), Uneven(x))


def test_a_sample_more_than_before_the_training_has_no_noise():
    noise = build().training_noise
    noise.shape = (50, FEATURES)
    assert noise.noise_at(np.array([49])).tolist() == [[0.0] * FEATURES]
    with pytest.raises(ValueError, match="Received: 50 samples before .* at position 51 in it"):
        noise.noise_at(np.array([3, 51]))


# Fits that follow each other.


def test_two_fits_equal_one(x):
    one, two = build(lam=0.5), build(lam=0.5)
    recorders = [Recorder() for _ in range(3)]
    fit(one, x, 4, [recorders[0]])
    fit(two, x, 2, [recorders[1]])
    np.testing.assert_array_equal(two.noise, recorders[0].noise[1])
    fit(two, x, 2, [recorders[2]])
    assert_same_weights(one, two)
    np.testing.assert_array_equal(recorders[0].noise, recorders[1].noise + recorders[2].noise)
    np.testing.assert_array_equal(one.noise, two.noise)


def test_other_data_start_without_noise(x):
    model, other = build(lam=0.5, optimizer=keras.optimizers.SGD(0.0)), x[::-1].copy()
    first = fit(model, x, 2)
    loss = model.evaluate(other)[0]
    second = fit(model, other, 2)
    assert second["loss"][0] > second["loss"][1] > 0.0
    # Untrained weights, in training mode: the loss without noise, as the first time.
    np.testing.assert_allclose(second["loss"][0], first["loss"][0], rtol=0.2)
    assert second["loss"][0] > 1.2 * first["loss"][1] and loss > 0
    third = fit(model, other, 1)
    assert third["loss"][0] == pytest.approx(second["loss"][1], rel=0.2)


def test_noise_belongs_to_the_final_weights(x):
    model, recorder = build(lam=0.5), Recorder()
    before = []

    class Watch(StateCallback):
        def on_epoch_end(self, epoch, logs=None):
            before.append(self.model.noise)

    history = fit(model, x, 5, [Watch(), NoiseUpdate(every=2)])
    # Watch stands before it: noise is there from the second epoch on, new after the fourth.
    assert [noise is None for noise in before] == [True, True, False, False, False]
    assert before[2] is before[3] and before[3] is not before[4]
    assert history["noise_norm"][0] == 0.0 == history["noise_share"][0]
    assert history["noise_norm"][1] == history["noise_norm"][2] != history["noise_norm"][3]
    expected = proximal(x - reconstruction(model, x, before[4]), 0.5, "l1", None)
    np.testing.assert_allclose(model.noise, expected, rtol=1e-4, atol=1e-5)

    stopping = keras.callbacks.EarlyStopping(
        "noise_share", mode="max", patience=9, restore_best_weights=True
    )
    fit(model, x, 3, [recorder, stopping])
    assert stopping.best_epoch < 2
    expected = proximal(x - reconstruction(model, x, recorder.noise[-1]), 0.5, "l1", None)
    np.testing.assert_allclose(model.noise, expected, rtol=1e-4, atol=1e-5)
    assert not np.allclose(model.noise, recorder.noise[-1], atol=1e-4)


# Files.


class Killed(Exception):
    """Stands for the end of the process."""


class KillAfter(keras.callbacks.Callback):
    def __init__(self, epoch):
        super().__init__()
        self.epoch = epoch

    def on_epoch_end(self, epoch, logs=None):
        if epoch == self.epoch:
            raise Killed


@pytest.mark.parametrize("every", [pytest.param(1, marks=pytest.mark.slow), 2])
@pytest.mark.parametrize(
    "when", [pytest.param("after the backup", marks=pytest.mark.slow), "before the backup"]
)
def test_resumed_training_equals_uninterrupted(x, tmp_path, every, when):
    def train(*killer):
        model = build(lam=0.5)
        backup = keras.callbacks.BackupAndRestore(tmp_path / "backup")
        update = NoiseUpdate(every=every, folder=tmp_path / "noise")
        middle = [*killer, backup] if when == "before the backup" else [backup, *killer]
        return model, fit(model, x, 6, [update, *middle])

    with pytest.raises(Killed):
        train(KillAfter(3))
    newest = max(path.name for path in (tmp_path / "noise").iterdir())
    assert newest.startswith("noise-000004-")
    resumed, history = train()
    assert len(history["loss"]) == (3 if when == "before the backup" else 2)
    uninterrupted = build(lam=0.5)
    fit(uninterrupted, x, 6, [NoiseUpdate(every=every)])
    assert_same_weights(resumed, uninterrupted)
    np.testing.assert_array_equal(resumed.noise, uninterrupted.noise)


@pytest.mark.slow
def test_a_loaded_model_trains_on_like_the_original(x, tmp_path):
    model = build(lam=0.5, norm="l21", groups="features")
    update = dict(folder=tmp_path / "noise")
    fit(model, x, 2, [NoiseUpdate(**update)])
    model.save(tmp_path / "model.keras")
    loaded = kocc.load_model(tmp_path / "model.keras")
    assert loaded.noise is None
    with pytest.raises(ValueError, match="no part of a saved model.*2 epochs trained"):
        loaded.noise_scores()
    np.testing.assert_array_equal(loaded.score(x), model.score(x))
    np.testing.assert_array_equal(loaded.denoise(x), model.denoise(x))
    stopped = kocc.load_model(tmp_path / "model.keras")
    fit(loaded, x, 2, [NoiseUpdate(**update)])
    fit(model, x, 2)
    assert_same_weights(loaded, model)
    np.testing.assert_array_equal(loaded.noise, model.noise)
    # A model that has been set back finds its own version, and takes the later ones away.
    assert versions(tmp_path) == [3, 4]
    stopped.epochs_trained.assign(3)
    fit(stopped, x, 1, [Peek(np.load(path_of(tmp_path, 3))), NoiseUpdate(**update)])
    fit(kocc.load_model(tmp_path / "model.keras"), x, 1, [NoiseUpdate(every=3, **update)])
    assert versions(tmp_path) == [3]


class Peek(keras.callbacks.Callback):
    """Fails unless a training starts from the given noise."""

    def __init__(self, noise):
        super().__init__()
        self.noise = noise

    def on_train_batch_begin(self, batch, logs=None):
        np.testing.assert_array_equal(self.model.noise, self.noise)


def versions(folder):
    return sorted(int(path.name[6:12]) for path in (folder / "noise").iterdir())


def path_of(folder, epoch):
    return next((folder / "noise").glob(f"noise-{epoch:06d}-*.npy"))


def test_the_last_two_versions_are_kept(x, tmp_path):
    update = NoiseUpdate(folder=tmp_path / "noise")
    fit(build(lam=0.5), x, 5, [update])
    assert versions(tmp_path) == [4, 5]
    # What a killed process leaves, and what is none of ours.
    path = path_of(tmp_path, 5)
    path.with_name(f".01234567-{path.name}").touch()
    path.with_name("notes.txt").touch()
    fit(build(lam=0.5), x, 1, [update])
    names = sorted(path.name for path in (tmp_path / "noise").iterdir())
    assert len(names) == 2 and names[0].startswith("noise-000001-") and names[1] == "notes.txt"


def test_noise_of_another_data_set(x, tmp_path):
    update = NoiseUpdate(folder=tmp_path / "noise")
    fit(build(lam=0.5), x, 2, [update])
    files = {path: path.read_bytes() for path in (tmp_path / "noise").iterdir()}
    other = x.copy()
    other[7, 3] += 1e-3
    for data in (other, x[:-1]):
        for trained in (0, 2):
            model = build(lam=0.5)
            model.epochs_trained.assign(trained)
            with pytest.raises(ValueError, match="`folder` must be empty.*N of another data set"):
                fit(model, data, 2, [update])
    assert {path: path.read_bytes() for path in (tmp_path / "noise").iterdir()} == files


def test_missing_noise_is_a_warning(x, tmp_path):
    model = build(lam=0.5)
    fit(model, x, 2)
    model.save(tmp_path / "model.keras")
    for callbacks, place in (([], "in memory"), ([NoiseUpdate(folder=tmp_path / "n")], "in '/")):
        loaded = kocc.load_model(tmp_path / "model.keras")
        expected = proximal(x - reconstruction(loaded, x, 0.0), 0.5, "l1", None)
        with pytest.warns(UserWarning, match=f"trained for 2 epochs, but the noise.*{place}"):
            fit(loaded, x, 1, [Started(expected), *callbacks])
    # Nothing is missing before the first step is due.
    fit(kocc.load_model(tmp_path / "model.keras"), x, 1, [NoiseUpdate(every=3)])


def test_a_weight_that_leaves_no_noise_is_a_warning(x):
    model = build(lam=1e6)
    with pytest.warns(
        UserWarning, match=r"noise of all training data is 0: .* Received: lam=1e\+06"
    ):
        fit(model, x, epochs=1)
    assert not model.noise.any() and model.noise_scores().max() == 0


class Started(keras.callbacks.Callback):
    """Fails unless a training starts near the given noise."""

    def __init__(self, noise):
        super().__init__()
        self.noise = noise

    def on_train_batch_begin(self, batch, logs=None):
        np.testing.assert_allclose(self.model.noise, self.noise, rtol=1e-4, atol=1e-5)


def test_noise_is_in_no_file(random, tmp_path):
    def saved(model):
        model.save(tmp_path / "model.keras")
        return (tmp_path / "model.keras").stat().st_size

    model = build(lam=0.2)
    fit(model, random.normal(size=(9000, FEATURES)), 1, batch_size=3000)
    assert model.noise.nbytes > 200_000 > 2 * saved(model)
    plain = build(kocc.Autoencoder)
    # The range of the values of the training samples.
    assert len(model.weights) == len(plain.weights) + 1


def test_infinity_and_mu_are_saved(tmp_path):
    model = kocc.RobustAutoencoder(*networks(), lam=math.inf, mu=0.1)
    model.save(tmp_path / "model.keras")
    config = kocc.load_model(tmp_path / "model.keras").get_config()
    assert (config["lam"], config["mu"]) == (math.inf, 0.1)
    # mu / 2 of the squared kernels, beside the reported loss.
    kernels = [np.array(w) for w in model.trainable_weights if len(w.shape) == 2]
    x = np.ones((2, FEATURES), "float32")
    terms = [build(lam=math.inf, mu=mu).compute_loss(*_batch(x)) for mu in (0.0, 0.1)]
    expected = 0.05 * sum((kernel**2).sum() for kernel in kernels)
    assert float(terms[1] - terms[0]) == pytest.approx(expected, rel=1e-4)


def _batch(x):
    return x, {"label": np.zeros(2), "index": np.arange(2)}, {"input": x, "output": x}


# Arguments.


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            dict(lam=-0.1),
            "`lam` must be 'auto' or a number that is not negative, or math.inf. Rec.*=-0.1",
        ),
        (dict(lam=math.nan), "`lam` must be .*lam=nan"),
        (dict(lam="1"), "`lam` must be .*lam='1'"),
        (dict(mu=-1), "`mu` must be a finite number that is not negative. Received: mu=-1"),
        (dict(mu=math.nan), "`mu` must be a finite number that is not negative. Rec.*mu=nan"),
        (dict(norm="l2"), "`norm` must be one of .* Received: norm='l2'"),
        (dict(groups="rows"), "`groups` must be one of .* Received: groups='rows'"),
        (dict(encode="output"), "`encode` must be one of .* Received: encode='output'"),
        (dict(decoder="mlp"), "`decoder` must be a Keras model. Received: str"),
        (dict(decoder=networks(features=5)[1]), r"`decoder` must map codes .*shape \(5,\)"),
    ],
)
def test_arguments_are_checked(arguments, message):
    encoder, decoder = networks()
    with pytest.raises(ValueError, match=message):
        kocc.RobustAutoencoder(encoder, **{"decoder": decoder, **arguments})


def test_arguments_of_the_callback_and_of_denoise(x):
    with pytest.raises(ValueError, match="`every` must be an integer of at least 1"):
        NoiseUpdate(every=0)
    model = build()
    with pytest.raises(ValueError, match="`iterations` must be an integer of at least 1"):
        model.denoise(x, iterations=0)
    with pytest.raises(ValueError, match="no noise of a training set.*0 epochs trained"):
        model.noise_scores()
    with pytest.raises(ValueError, match=r"samples of shape \(6,\)"):
        model.reconstruct(x[:, :5])


@pytest.mark.parametrize("model", [kocc.Autoencoder, kocc.RobustAutoencoder])
def test_reconstruct(x, model, tmp_path):
    raw = x * 10
    model = build(model, preprocessing=min_max(raw))
    fit(model, raw, 1)
    found, prepared = model.reconstruct(raw, batch_size=7), np.array(model.preprocessing(raw))
    assert found.dtype == np.float32
    expected = np.array(model.decoder(model.encoder(prepared)))
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(
        model.score(raw), ((prepared - found) ** 2).sum(axis=1), rtol=1e-4, atol=1e-5
    )
    np.testing.assert_allclose(model.reconstruct(dataset(raw)), found, rtol=1e-4, atol=1e-5)


# Backends.

TRAIN = """
import keras, numpy as np, kerasocc as kocc
x = np.random.default_rng(0).normal(size=(30, 6)).astype("float32")

def weights(model):
    generator = np.random.default_rng(1)
    for weight in model.trainable_weights:
        weight.assign(0.3 * generator.normal(size=weight.shape))

class Table(keras.utils.PyDataset):
    def __len__(self):
        return 4
    def __getitem__(self, step):
        return x[8 * step : 8 * step + 8]

found = []
for options, data in (
    (dict(), x),
    (dict(norm="l21", encode="input"), Table()),
    (dict(norm="l21", groups="features"), kocc.datasets.Rows(x)),
):
    encoder = keras.Sequential([keras.Input((6,)), keras.layers.Dense(2, use_bias=False)])
    decoder = keras.Sequential([keras.Input((2,)), keras.layers.Dense(6, use_bias=False)])
    model = kocc.RobustAutoencoder(encoder, decoder, lam=1.0, mu=1e-2, seed=0, **options)
    weights(model)
    model.compile(optimizer=keras.optimizers.SGD(1e-2))
    history = model.fit(data, batch_size=8, epochs=4, shuffle=False, verbose=0).history
    found += history["loss"] + history["noise_norm"] + history["noise_share"]
    found += model.noise_scores().tolist() + model.noise[3].tolist()
    found += model.denoise(x)[5].tolist() + model.reconstruct(x)[5].tolist()
"""


@pytest.fixture(scope="module")
def on_tensorflow():
    names = {}
    exec(TRAIN, names)
    return names["found"]


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_the_same_on_other_backends(backend, on_tensorflow):
    printed = run_on(backend, f"{TRAIN}\nprint(found)")
    found = json.loads(printed.splitlines()[-1])
    np.testing.assert_allclose(found, on_tensorflow, rtol=1e-3, atol=1e-5)


# What it is for.


def images():
    from sklearn.datasets import load_digits

    x, y = load_digits(return_X_y=True)
    return (x / 16).astype("float32"), y


def train(model, x, epochs, batch_size):
    model.compile(optimizer=keras.optimizers.Adam(1e-3))
    model.fit(x, epochs=epochs, batch_size=batch_size, verbose=0)
    return model


def wide(seed=0):
    widths = [64, 48, 16]
    return kocc.networks.mlp(widths, seed=seed), kocc.networks.mlp_decoder(widths, seed=seed)


def test_salt_and_pepper_is_taken_off(random):
    clean = images()[0][:900]
    hit = random.random(clean.shape) < 0.1
    noisy = np.where(hit, random.random(clean.shape) < 0.5, clean).astype("float32")

    def error(x):
        return float(((x - clean) ** 2).mean())

    plain = train(kocc.Autoencoder(*wide(), seed=0), noisy, 25, 64)
    robust = train(kocc.RobustAutoencoder(*wide(), lam=0.4, seed=0), noisy, 25, 64)
    reference = error(plain.reconstruct(noisy))
    assert reference < error(noisy)
    assert error(noisy - robust.noise) < 0.75 * reference
    assert error(robust.denoise(noisy)) < 0.75 * reference
    # The noise is where the pixels were hit.
    hits = hit & (np.abs(noisy - clean) > 0.5)
    assert roc_auc_score(hits.ravel(), np.abs(robust.noise).ravel()) > 0.9


def test_polluted_training_data_give_themselves_away(random):
    x, y = images()
    normal, others = x[y == 4], x[y != 4]
    # 5 % of other digits.
    polluted = np.concatenate([normal, random.permutation(others)[:10]])
    truth = np.repeat([0, 1], [len(normal), 10])
    plain = train(kocc.Autoencoder(*wide(), seed=0), polluted, 40, 32)
    robust = kocc.RobustAutoencoder(*wide(), lam=1.0, norm="l21", seed=0)
    before = robust.get_weights()
    train(robust, polluted, 40, 32)
    scores = robust.noise_scores()
    assert roc_auc_score(truth, scores) > 0.98
    assert roc_auc_score(truth, scores) > roc_auc_score(truth, plain.score(polluted)) - 0.005
    assert scores.std() > 0.2 * scores.mean() > 0
    assert all(
        np.abs(new - old).max() > 1e-3
        for new, old, weight in zip(robust.get_weights(), before, robust.weights, strict=True)
        if weight.trainable
    )
    # Inductive: the score of unseen anomalies too.
    unseen = np.concatenate([normal, others[:300]])
    assert roc_auc_score(np.repeat([0, 1], [len(normal), 300]), robust.score(unseen)) > 0.97
