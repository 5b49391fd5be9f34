"""What a model takes from training samples, and that a later fit does not keep it silently."""

import warnings

import keras
import numpy as np
import pytest

import kerasocc as kocc
from kerasocc.datasets.storage.rows import as_rows
from kerasocc.engine.as_source import as_source
from kerasocc.engine.fitted_data import are_other_samples, describe


@pytest.fixture
def x(random):
    return random.normal(size=(300, 6)).astype("float32")


def svdd(**options):
    model = kocc.DeepSVDD(kocc.networks.mlp([6, 8, 4], seed=0), seed=0, **options)
    # Tracing the steps would take longer than the few that are made.
    model.compile(optimizer=keras.optimizers.Adam(1e-2), run_eagerly=True)
    return model


def value(weight):
    return keras.ops.convert_to_numpy(weight)


def stream(x, seed=None):
    import tensorflow as tf

    dataset = tf.data.Dataset.from_tensor_slices(x)
    return (dataset if seed is None else dataset.shuffle(100, seed=seed)).batch(32)


# A fit on other samples.


def test_a_fit_on_other_samples_warns_that_the_center_stays(x):
    model = svdd()
    model.fit(x, epochs=1, verbose=0)
    center = value(model.center)
    with pytest.warns(UserWarning, match=r"other samples .* whose center stay in use.*`reset\(\)`"):
        model.fit(x + 5.0, epochs=1, verbose=0)
    np.testing.assert_array_equal(value(model.center), center)
    # These are the samples of the fit before now, and are not warned of.
    model.fit(x + 5.0, epochs=1, verbose=0)


@pytest.mark.parametrize("make", [kocc.DeepSVDD, kocc.NeuTraLAD, kocc.NearestNeighbors])
def test_a_calibrated_threshold_stays_too(make, x):
    model = make(kocc.networks.mlp([6, 8, 4], seed=0), seed=0)
    model.compile(run_eagerly=True)
    model.fit(x, epochs=1, verbose=0)
    threshold = model.calibrate(x, fpr=0.1)
    model.fit(x, epochs=1, verbose=0)
    with pytest.warns(UserWarning, match="threshold stay in use"):
        model.fit(x[:-1], epochs=1, verbose=0)
    assert value(model.threshold) == np.float32(threshold)


def test_models_that_keep_nothing_do_not_warn(x):
    for make in (kocc.NeuTraLAD, kocc.OCNN, kocc.NearestNeighbors):
        model = make(kocc.networks.mlp([6, 8, 4], seed=0), seed=0)
        model.compile(run_eagerly=True)
        callbacks = [kocc.callbacks.QuantileUpdate(action="log")] if make is kocc.OCNN else []
        for rows in (x, x[:50]):
            model.fit(rows, epochs=1, verbose=0, callbacks=callbacks)


def test_the_samples_are_remembered_in_the_file(x, tmp_path):
    model, path = svdd(), tmp_path / "model.keras"
    model.fit(x, epochs=1, verbose=0)
    model.save(path)
    kocc.load_model(path).fit(x, epochs=1, verbose=0)
    with pytest.warns(UserWarning, match="center stay in use"):
        kocc.load_model(path).fit(x[::-1], epochs=1, verbose=0)


def test_a_center_by_hand_is_of_no_fit(x):
    model = svdd()
    model.initialize_center(x)
    model.fit(x[:100], epochs=1, verbose=0)


def test_shuffled_datasets_are_the_same_samples(x):
    model = svdd()
    for seed in (None, 0, 1):
        model.fit(stream(x, seed), epochs=1, verbose=0)
    with pytest.warns(UserWarning, match="center stay in use"):
        model.fit(stream(x + 1.0), epochs=1, verbose=0)


def test_descriptions(x):
    def differ(first, second):
        return are_other_samples(*(describe(as_source(a), 32, None) for a in (first, second)))

    unlike = x.copy()
    unlike[0, 0] += 1e-3
    swapped = x[:, [1, 0, 2, 3, 4, 5]]
    for other in (unlike, swapped, x[:-1], 2.0 * x, x[::-1]):
        assert differ(x, other)
    for same in (x.copy(), x.astype("float64"), as_rows(x)):
        assert not differ(x, same)
    assert not differ(stream(x), stream(x, 3)) and not differ(x, stream(x + 9.0))
    assert differ(stream(x), stream(x + 1.0))
    unknown = np.zeros(5, "int32")
    assert not are_other_samples(unknown, describe(as_source(x), 32, None))


# Reset.


def test_reset_takes_the_center_from_the_new_samples(x):
    model, other = svdd(objective="soft-boundary"), x + 5.0
    model.fit(x, epochs=1, verbose=0)
    model.calibrate(x, fpr=0.1)
    weights = model.encoder.get_weights()
    model.reset()
    assert not model.is_fitted and model.calibration is None
    assert value(model.threshold) == 0.0 and value(model.epochs_trained) == 0
    assert value(model.radius) == 0.0 and not value(model.center).any()
    for weight, before in zip(model.encoder.get_weights(), weights, strict=True):
        np.testing.assert_array_equal(weight, before)
    expected = model.embed(other).mean(axis=0, dtype="float64")
    clear = np.abs(expected) > 0.1
    assert clear.any()
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        model.fit(other, epochs=1, verbose=0)
    np.testing.assert_allclose(value(model.center)[clear], expected[clear], rtol=1e-5)


def test_reset_of_every_kind_of_state(x):
    regularized = svdd(regularizer=kocc.regularizers.VarianceRegularizer(threshold=5.0))
    encoder, decoder = kocc.networks.mlp([6, 8, 4]), kocc.networks.mlp_decoder([6, 8, 4])
    robust = kocc.RobustAutoencoder(encoder, decoder, seed=0)
    robust.compile()
    neighbors = kocc.NearestNeighbors(k=3)
    for model in (regularized, robust, neighbors):
        model.fit(x, epochs=2, verbose=0)
        model.reset()
    assert value(regularized.regularizer.weight) == 0.0
    assert value(regularized.regularizer.current_threshold) == 5.0
    assert robust.noise is None and robust.lam_used == np.inf
    assert not neighbors.is_fitted and neighbors.positions is None
    with pytest.raises(ValueError, match="not fitted yet"):
        neighbors.score(x)


def test_reset_of_an_ensemble(x):
    members = [kocc.DeepSVDD(kocc.networks.mlp([6, 8, 4], seed=s), seed=s) for s in range(2)]
    model = kocc.Ensemble(members)
    model.compile()
    model.fit(x, epochs=1, verbose=0)
    model.calibrate(x, contamination=0.1)
    model.reset()
    assert not model.is_fitted and value(model.threshold) == np.inf
    assert not any(member.is_fitted for member in members)
    model.fit(x + 5.0, epochs=1, verbose=0)


# The first batch.


def test_the_first_batch_sets_the_center(x):
    model = svdd(objective="soft-boundary", nu=0.25)
    batch = x[:32]
    model.ensure_built(as_source(batch))
    expected = model.embed(batch).mean(axis=0, dtype="float64")
    expected = np.where(np.abs(expected) < 0.1, np.where(expected < 0, -0.1, 0.1), expected)
    distances = np.linalg.norm(model.embed(batch) - expected, axis=1)
    model.train_on_batch(batch)
    assert model.is_fitted
    np.testing.assert_allclose(value(model.center), expected, rtol=1e-5)
    np.testing.assert_allclose(value(model.radius), np.quantile(distances, 0.75), rtol=1e-5)
    model.train_on_batch(x[32:64])
    np.testing.assert_allclose(value(model.center), expected, rtol=1e-5)
    assert np.isfinite(model.score(x)).all()


def test_the_first_batch_sets_the_bias_of_oc_nn(x):
    model = kocc.OCNN(kocc.networks.mlp([6, 8, 4], seed=0), nu=0.25, seed=0)
    model.compile()
    projections = model.inference.run("represent", [x[:32]])
    model.train_on_batch(x[:32])
    assert model.is_fitted
    np.testing.assert_allclose(value(model.r), np.quantile(projections, 0.25), rtol=1e-5)


def test_a_center_that_was_set_is_kept_by_the_first_batch(x):
    model = svdd()
    model.initialize_center(x)
    center = value(model.center)
    model.train_on_batch(x[:32])
    np.testing.assert_array_equal(value(model.center), center)


def test_bad_first_batches(x):
    with pytest.raises(ValueError, match="NaN or infinity in 1 of 32"):
        svdd().train_on_batch(np.where(np.arange(6) + np.arange(32)[:, None] == 0, np.nan, x[:32]))
    with pytest.raises(ValueError, match="at least one sample"):
        svdd().train_on_batch(x[:0])
    with pytest.raises(ValueError, match="compile"):
        kocc.DeepSVDD(kocc.networks.mlp([6, 8, 4])).train_on_batch(x)
