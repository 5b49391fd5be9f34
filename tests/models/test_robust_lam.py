"""The robust autoencoder with a weight of the noise that is chosen from the residuals."""

import math

import numpy as np
import pytest

import kerasocc as kocc
from kerasocc.callbacks import NoiseUpdate
from kerasocc.losses.sparsity import upper_fence
from tests.conformance.test_training import assert_same_weights
from tests.models.test_robust_autoencoder import (
    FORMS,
    NORMS,
    Recorder,
    build,
    fit,
    linear,
    proximal,
    reconstruction,
)


def fence(sizes, reach):
    lower, upper = np.quantile(sizes, [0.25, 0.75])
    return upper + reach * (upper - lower)


@pytest.fixture
def x(random):
    """Points near a plane, a tenth of them far off it."""
    x = random.normal(size=(60, 2)) @ random.normal(size=(2, 6))
    x[::10] += random.choice([-4.0, 4.0], size=(6, 6))
    return x.astype("float32")


def test_upper_fence_by_hand():
    # Quartiles 2 and 4.
    sizes = np.array([1.0, 2.0, 3.0, 4.0, 1000.0])
    assert upper_fence(sizes) == 4.0 + 1.5 * 2.0
    assert upper_fence(sizes, reach=3.0) == 10.0
    assert upper_fence(np.full(5, 2.0)) == 2.0


@pytest.mark.parametrize("encode", FORMS)
def test_the_weight_by_hand(encode):
    # The residuals are 0 in the first column and 1, -2, 3, 4 and 100 in the second: sorted by
    # size 0, 0, 0, 0, 0, 1, 2, 3, 4, 100, with quartiles 0 and 2.75.
    x = np.array([[9.0, 1.0], [8.0, -2.0], [7.0, 3.0], [6.0, 4.0], [5.0, 100.0]])
    model = linear(encode, lam="auto")
    assert model.lam_used == math.inf
    np.testing.assert_array_equal(model.denoise(x), x)
    model.fit(x, epochs=2, verbose=0)
    assert model.lam_used == pytest.approx(2 * 6.875)
    expected = np.zeros((5, 2))
    expected[4, 1] = 100 - 6.875
    np.testing.assert_allclose(model.noise, expected, atol=1e-5)
    np.testing.assert_allclose(model.denoise(x), x - expected, atol=1e-5)
    # New data are compared with what the training data have led to.
    np.testing.assert_allclose(model.denoise(np.array([[0.0, 9.0]])), [[0.0, 6.875]], atol=1e-5)


@pytest.mark.parametrize("encode", FORMS)
@pytest.mark.parametrize(("norm", "groups"), NORMS)
def test_the_weight_is_that_of_the_residuals_of_the_update(x, norm, groups, encode):
    if groups == "features" and norm == "l21":
        # A column that is not like the others.
        x[:, 2] = 20 * x[::-1, 2]
    model = build(lam="auto", norm=norm, groups=groups, encode=encode)
    recorder = Recorder()
    fit(model, x, 3, [recorder])
    z = (x - reconstruction(model, x, recorder.noise[1])).astype("float64")
    sizes, reach = np.abs(z), 1.5
    if norm == "l21":
        sizes, reach = np.sqrt((z**2).sum(axis=1 if groups == "samples" else 0)), 3.0
    assert model.lam_used == pytest.approx(2 * fence(sizes, reach), rel=1e-4)
    expected = proximal(z, model.lam_used, norm, groups)
    np.testing.assert_allclose(model.noise, expected, rtol=1e-3, atol=1e-4)
    assert 0 < np.count_nonzero(expected) < 0.3 * expected.size


def test_data_without_outliers_have_no_noise(random):
    # Residuals that are bounded: all of the sizes lie within the fence.
    x = np.stack([np.arange(40.0), random.permutation(np.linspace(1, 2, 40))], axis=1)
    model = linear("residual", lam="auto")
    # A given weight that leaves no noise is a warning; warnings are errors here.
    history = model.fit(x, epochs=2, verbose=0).history
    assert history["noise_share"] == [0.0, 0.0]
    assert not model.noise.any() and np.isfinite(model.lam_used)


def test_the_weight_is_in_the_file(x, tmp_path):
    model = build(lam="auto", norm="l21")
    fit(model, x, 2)
    model.save(tmp_path / "model.keras")
    loaded = kocc.load_model(tmp_path / "model.keras")
    assert (loaded.lam, loaded.lam_used) == ("auto", model.lam_used)
    assert 0 < loaded.lam_used < math.inf
    np.testing.assert_allclose(loaded.denoise(x), model.denoise(x), rtol=1e-5, atol=1e-6)
    assert not np.allclose(model.denoise(x), x)


@pytest.mark.slow
def test_a_resumed_training_equals_an_uninterrupted_one(x, tmp_path):
    whole, first = build(lam="auto"), build(lam="auto")
    fit(whole, x, 4)
    fit(first, x, 2, [NoiseUpdate(folder=tmp_path / "noise")])
    first.save(tmp_path / "model.keras")
    resumed = kocc.load_model(tmp_path / "model.keras")
    fit(resumed, x, 4, [NoiseUpdate(folder=tmp_path / "noise")], initial_epoch=2)
    assert_same_weights(whole, resumed)
    assert resumed.lam_used == whole.lam_used
    np.testing.assert_array_equal(whole.noise, resumed.noise)


def test_a_model_with_a_given_weight_has_the_weights_that_it_had(x):
    assert [w.name for w in build(lam=1.0).weights if "lam" in w.name] == []
    assert build(lam=0.25).lam_used == 0.25


def test_older_weights_were_trained_with_the_default_of_their_time(x):
    older, model = build(lam=0.1), build(lam="auto", seed=1)
    fit(older, x, 1)
    store = {}
    older.save_own_variables(store)
    model.load_own_variables(store)
    assert model.lam_used == pytest.approx(0.1)


def test_large_noise_is_that_of_small(x, tmp_path, monkeypatch):
    from kerasocc.callbacks import noise_files

    models = [build(lam="auto", norm="l21") for _ in range(2)]
    fit(models[0], x)
    monkeypatch.setattr(noise_files, "MEMORY_LIMIT", 0)
    fit(models[1], kocc.datasets.Rows(x))
    assert isinstance(models[1].noise, np.memmap)
    np.testing.assert_array_equal(models[0].noise, models[1].noise)


def test_wrong_weights():
    with pytest.raises(ValueError, match="`lam` must be 'auto' or a number .*lam='automatic'"):
        build(lam="automatic")
