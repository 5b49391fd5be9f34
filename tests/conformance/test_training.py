"""Every model learns, deterministically, however it is fed and executed."""

import keras
import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

import kerasocc as kocc
from kerasocc.callbacks import CollapseMonitor
from tests.conformance.registry import build, every_model


def weights_of(model):
    """The weights, but for what tells the samples of a fit: datasets are told otherwise."""
    weights = [w for w in model.weights if w.name != "fitted_on"]
    return {w.path: keras.ops.convert_to_numpy(w) for w in weights}


def assert_same_weights(first, second, tolerance=0.0):
    first, second = weights_of(first), weights_of(second)
    assert len(first) == len(second)
    for (name, a), b in zip(first.items(), second.values(), strict=True):
        np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance, err_msg=name)


@every_model
def test_learns(case, digits):
    model = build(case, digits)
    trained = model.optimizer_groups()[0].weights
    before = [np.array(w) for w in trained]

    history = model.fit(digits.x_train, batch_size=16, epochs=case.epochs, verbose=0)

    scores = model.predict(digits.x_test, verbose=0)
    assert scores.shape == digits.y_test.shape and scores.dtype == np.float32
    assert roc_auc_score(digits.y_test, scores) >= case.auc
    assert scores.std() / np.abs(scores).mean() >= case.spread
    assert all(np.abs(np.array(w) - b).max() > 1e-4 for w, b in zip(trained, before, strict=True))
    assert history.history["loss"][-1] < history.history["loss"][0]


@every_model
def test_equal_seeds_give_equal_models(case, digits):
    # Eagerly, which is faster; that compiled trainings repeat is what those show that are resumed.
    models = [build(case, digits, seed=7, run_eagerly=True) for _ in range(2)]
    for model in models:
        model.fit(digits.x_train[:64], batch_size=32, epochs=2, verbose=0)
    assert_same_weights(*models)


@every_model
def test_another_seed_gives_another_order(case, digits):
    models = [build(case, digits, seed=7), build(case, digits, seed=7)]
    models[1].order_seed = 8
    for model in models:
        model.fit(digits.x_train, batch_size=16, epochs=1, verbose=0)
    scores = [model.score(digits.x_test) for model in models]
    assert not np.array_equal(*scores)


@every_model
def test_validation_reports_the_exact_rank_auc(case, digits):
    model = build(case, digits)
    history = model.fit(
        digits.x_train,
        batch_size=16,
        epochs=2,
        verbose=0,
        validation_data=(digits.x_test, digits.y_test),
    ).history
    scores = model.score(digits.x_test)
    assert history["val_auc"][-1] == pytest.approx(roc_auc_score(digits.y_test, scores), abs=1e-12)
    assert history["val_average_precision"][-1] == pytest.approx(
        average_precision_score(digits.y_test, scores), abs=1e-12
    )
    assert {"loss", "val_loss"} <= set(history)

    result = model.evaluate(digits.x_test, digits.y_test, verbose=0, return_dict=True)
    assert result["auc"] == history["val_auc"][-1]
    assert list(result.values()) == model.evaluate(digits.x_test, digits.y_test, verbose=0)
    assert set(model.evaluate(digits.x_test, return_dict=True)) == {"loss"}


@pytest.mark.slow
@every_model
def test_keras_callbacks_see_val_auc(case, digits, tmp_path):
    model = build(case, digits)
    best = tmp_path / "best.keras"
    stopping = keras.callbacks.EarlyStopping("val_auc", mode="max", patience=0)
    checkpoint = keras.callbacks.ModelCheckpoint(
        best, monitor="val_auc", mode="max", save_best_only=True
    )
    history = model.fit(
        digits.x_train,
        batch_size=16,
        epochs=30,
        verbose=0,
        callbacks=[stopping, checkpoint],
        validation_data=(digits.x_test, digits.y_test),
    ).history["val_auc"]
    assert len(history) < 30 or history[-1] > max(history[:-1])
    loaded = keras.saving.load_model(best)
    assert loaded.evaluate(digits.x_test, digits.y_test, return_dict=True)["auc"] == pytest.approx(
        max(history), abs=1e-12
    )


@every_model
def test_steps_per_execution(case, digits):
    models = [build(case, digits, steps_per_execution=steps) for steps in ("auto", 3, 100)]
    losses = [
        m.fit(digits.x_train, batch_size=16, epochs=2, verbose=0).history["loss"] for m in models
    ]
    for model, found in zip(models[1:], losses[1:], strict=True):
        np.testing.assert_allclose(losses[0], found, rtol=1e-5)
        assert_same_weights(models[0], model, tolerance=1e-6)


@every_model
def test_batch_hooks_see_every_batch(case, digits):
    seen = []
    hook = keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: seen.append(batch))
    model = build(case, digits)
    model.fit(digits.x_train[:64], batch_size=16, epochs=2, verbose=0, callbacks=[hook])
    assert seen == [0, 1, 2, 3] * 2
    assert int(model.optimizer.iterations.numpy()) == 8
    model.fit(digits.x_train[:64], batch_size=16, epochs=1, verbose=0)
    assert model.steps_per_execution == 4
    assert int(model.optimizer.iterations.numpy()) == 12


@every_model
def test_nan_in_a_dataset_is_reported(case, digits):
    import tensorflow as tf

    x = digits.x_train.copy()
    x[40, 0, 0, 0] = np.nan
    dataset = tf.data.Dataset.from_tensor_slices(x).batch(16)
    with pytest.raises((ValueError, FloatingPointError), match="NaN or infinity|is nan"):
        build(case, digits).fit(dataset, epochs=2, verbose=0)


@every_model
def test_datasets_equal_arrays(case, digits):
    import tensorflow as tf

    x = digits.x_train[:50]
    weight = np.linspace(0.5, 1.5, 50).astype("float32")

    class Batches(keras.utils.PyDataset):
        def __len__(self):
            return 4

        def __getitem__(self, step):
            rows = slice(16 * step, 16 * (step + 1))
            return x[rows], np.zeros(len(x[rows])), weight[rows]

    models = [build(case, digits) for _ in range(3)]
    models[0].fit(x, sample_weight=weight, batch_size=16, epochs=2, shuffle=False, verbose=0)
    dataset = tf.data.Dataset.from_tensor_slices((x, np.zeros(50), weight)).batch(16)
    models[1].fit(dataset, epochs=2, verbose=0)
    models[2].fit(Batches(), epochs=2, shuffle=False, verbose=0)
    # Arrays are embedded and scored in larger batches, and a kernel may sum in another order there:
    # centers, memories and scores that are kept differ by rounding.
    assert_same_weights(models[0], models[1], tolerance=1e-5)
    assert_same_weights(models[1], models[2])
    scores = models[0].score(x)
    np.testing.assert_allclose(models[1].score(dataset), scores, rtol=1e-5, atol=1e-5)
    np.testing.assert_array_equal(models[1].score(dataset), models[2].score(Batches()))


@every_model
def test_endless_dataset(case, digits):
    import tensorflow as tf

    endless = tf.data.Dataset.from_tensor_slices(digits.x_train).batch(16).repeat()
    model = build(case, digits)
    history = model.fit(endless, steps_per_epoch=5, epochs=2, verbose=0)
    assert len(history.history["loss"]) == 2
    assert model.score(endless, steps=2).shape == (32,)
    with pytest.raises(ValueError, match="endless dataset needs `steps_per_epoch`"):
        build(case, digits).fit(endless, verbose=0)


@pytest.mark.slow
@every_model
def test_two_replicas_equal_one(case, digits, two_replicas):
    # 101 samples in batches of 24: the last batch is cut 3 + 2, the sums differ.
    x, weight = digits.x_train[:101], np.linspace(0.5, 1.5, 101)

    def train():
        model = build(case, digits, optimizer=keras.optimizers.SGD(1e-4, momentum=0.9))
        history = model.fit(x, sample_weight=weight, batch_size=24, epochs=3, verbose=0)
        return model, history.history["loss"]

    single, losses = train()
    with two_replicas.scope():
        replicated, replicated_losses = train()
    np.testing.assert_allclose(losses, replicated_losses, rtol=1e-5)
    assert_same_weights(single, replicated, tolerance=1e-6)
    np.testing.assert_allclose(
        single.score(digits.x_test), replicated.score(digits.x_test), rtol=1e-4, atol=1e-5
    )


@every_model
def test_a_replica_without_samples_is_refused(case, digits, two_replicas):
    with two_replicas.scope():
        model = build(case, digits)
        with pytest.raises(ValueError, match="every replica at least one sample"):
            model.fit(digits.x_train[:33], batch_size=16, verbose=0)


@every_model
def test_mixed_precision(case, digits, float16_policy):
    model = build(case, digits)
    assert model.encoder.compute_dtype == "float16"
    model.fit(digits.x_train, batch_size=16, epochs=case.epochs, verbose=0)
    scores = model.score(digits.x_test)
    assert scores.dtype == np.float32
    assert roc_auc_score(digits.y_test, scores) >= case.auc
    assert scores.std() / np.abs(scores).mean() >= case.spread


FLOATX = "float64 everywhere"
SLOW_DTYPES = ("mixed_bfloat16", "float16", "float64")


@pytest.fixture(
    params=["bfloat16", FLOATX, *(pytest.param(d, marks=pytest.mark.slow) for d in SLOW_DTYPES)]
)
def dtype(request):
    """A dtype policy, or Keras's `floatx`, for one test."""
    before = keras.config.dtype_policy(), keras.config.floatx()
    everywhere = request.param == FLOATX
    keras.config.set_floatx("float64" if everywhere else "float32")
    keras.config.set_dtype_policy("float64" if everywhere else request.param)
    yield request.param.split()[0]
    keras.config.set_floatx(before[1])
    keras.config.set_dtype_policy(before[0])


@every_model
def test_every_dtype(case, digits, dtype, tmp_path):
    model = build(case, digits, run_eagerly=True)
    before = model.get_weights()
    model.fit(digits.x_train[:64], batch_size=32, epochs=1, verbose=0)
    assert any(not np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=False))
    scores = model.score(digits.x_test)
    assert scores.dtype == np.float32 and np.isfinite(scores).all()
    assert scores.std() > 1e-3 * np.abs(scores).mean()
    members = getattr(model, "members", [model])
    assert members[0].encoder.compute_dtype == dtype.removeprefix("mixed_")
    model.save(tmp_path / "model.keras")
    np.testing.assert_array_equal(
        kocc.load_model(tmp_path / "model.keras").score(digits.x_test), scores
    )


@pytest.mark.slow
@every_model
@pytest.mark.parametrize("dtype", ["mixed_bfloat16", FLOATX], indirect=True)
def test_learns_in_every_dtype(case, digits, dtype):
    # Not in `bfloat16` alone: moments of Adam that change by 0.1 % a step do not change there.
    model = build(case, digits)
    model.fit(digits.x_train, batch_size=16, epochs=case.epochs, verbose=0)
    scores = model.score(digits.x_test)
    assert roc_auc_score(digits.y_test, scores) >= case.auc
    # Seeds draw other numbers in float64.
    assert scores.std() / np.abs(scores).mean() >= 0.8 * case.spread


@every_model
def test_train_and_test_on_batch(case, digits):
    model = build(case, digits)
    model.fit(digits.x_train, batch_size=16, epochs=1, verbose=0)
    loss = model.test_on_batch(digits.x_train[:20])
    expected = model.evaluate(digits.x_train[:20], return_dict=True)["loss"]
    assert loss == pytest.approx(expected, rel=1e-5)
    before = model.get_weights()
    model.train_on_batch(digits.x_train[:20])
    assert any(not np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))


@every_model
def test_weight_decay_shrinks_and_stays_out_of_the_loss(case, digits):
    x = digits.x_train[:16]

    def kernel_step(weight_decay):
        model = case.make(preprocessing=digits.preprocessing, seed=0, weight_decay=weight_decay)
        model.compile(optimizer=keras.optimizers.SGD(1e-3))
        if hasattr(model, "initialize_center"):
            model.initialize_center(x)
        kernel = model.encoder.trainable_weights[0]
        before = np.array(kernel)
        loss = model.train_on_batch(x)
        return before, np.array(kernel) - before, loss

    before, plain, plain_loss = kernel_step(0.0)
    _, decayed, decayed_loss = kernel_step(2.0)
    # The gradient of (wd / 2) ||W||^2 is wd W, for SGD a step of -lr wd W.
    np.testing.assert_allclose(decayed - plain, -1e-3 * 2.0 * before, rtol=1e-3, atol=1e-6)
    assert decayed_loss == pytest.approx(plain_loss, rel=1e-6)


@every_model
def test_monitor_logs_the_spread(case, digits):
    model = build(case, digits)
    monitor = CollapseMonitor(samples=len(digits.x_train))
    history = model.fit(digits.x_train, epochs=2, verbose=0, callbacks=[monitor]).history
    embedding = model.embed(digits.x_train).astype("float64")
    if isinstance(model, kocc.OCNN):
        # Their directions count.
        embedding /= np.linalg.norm(embedding, axis=1, keepdims=True)
    spread = embedding.std(axis=0)
    np.testing.assert_allclose(monitor.spread[-1], spread, rtol=1e-4)
    assert history["embedding_spread"][-1] == pytest.approx(np.sqrt((spread**2).mean()), rel=1e-4)
    assert history["embedding_log_volume"][-1] == pytest.approx(np.log(spread).sum(), rel=1e-4)
