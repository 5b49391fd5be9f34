"""Scaling by quantiles: by hand, ties, values outside, saved inside a model."""

import statistics

import keras
import numpy as np
import pytest

from kerasocc.datasets.preprocessing import QuantileScaling, RobustScaling, quantile, robust

NORMAL = statistics.NormalDist()


def test_robust_scaling_by_hand():
    x = np.array([[0.0], [1.0], [2.0], [3.0], [1e6]], "float32")
    layer = robust(x)
    # Median 2, quartiles 1 and 3.
    expected = (np.array([[2.0], [4.0], [0.0]]) - 2) / (2 / 1.349)
    np.testing.assert_allclose(layer(np.float32([[2], [4], [0]])), expected, rtol=1e-6)


def test_robust_scaling_of_equal_quartiles_and_of_constants():
    x = np.zeros((100, 2), "float32")
    x[:4, 0] = 5.0
    x[:, 1] = 7.0
    layer = robust(x)
    np.testing.assert_allclose(layer.spread, [x[:, 0].std(), 1.0], rtol=1e-6)
    np.testing.assert_allclose(layer(np.float32([[5, 9]])), [[5 / x[:, 0].std(), 2.0]], rtol=1e-6)


def test_quantile_scaling_by_hand():
    # 65 equidistant values: the i-th of them is the quantile i / 64.
    x = np.arange(65, dtype="float32")[:, None]
    layer = quantile(x)
    found = np.array(layer(np.float32([[32], [16], [16.5]])))[:, 0]
    at = [NORMAL.inv_cdf(p) for p in (16 / 64, 17 / 64)]
    np.testing.assert_allclose(found, [0, at[0], np.mean(at)], atol=1e-6)
    # The extremes are half a sample away from the probabilities 0 and 1, and from there on a
    # value counts in standard deviations.
    least, most = NORMAL.inv_cdf(0.5 / 65), NORMAL.inv_cdf(64.5 / 65)
    found = np.array(layer(np.float32([[0], [64], [64 + 2 * x.std()], [-x.std()]])))[:, 0]
    np.testing.assert_allclose(found, [least, most, most + 2, least - 1], rtol=1e-5)


def test_equal_values_get_the_mean_of_their_scores():
    x = np.repeat([0.0, 1.0], [48, 16])[:, None].astype("float32")
    layer = quantile(x)
    levels = np.clip(np.linspace(0, 1, 65), 0.5 / 64, 63.5 / 64)
    scores = np.array([NORMAL.inv_cdf(p) for p in levels])
    zero = np.quantile(x[:, 0], np.linspace(0, 1, 65)) == 0
    np.testing.assert_allclose(layer(x[:1]), [[scores[zero].mean()]], rtol=1e-5)


def test_quantile_scaling_makes_a_normal_distribution(random):
    x = np.exp(random.normal(size=(5000, 3))).astype("float32")
    found = np.array(quantile(x)(x))
    assert abs(found.mean()) < 0.01
    np.testing.assert_allclose(found.std(axis=0), 1.0, atol=0.03)
    assert (np.argsort(found[:, 0]) == np.argsort(x[:, 0])).mean() > 0.99


@pytest.mark.parametrize("make", [robust, quantile])
def test_what_is_missing_stays_missing_and_order_is_kept(make, random):
    x = random.normal(size=(300, 2)).astype("float32")
    layer = make(x)
    assert np.isnan(np.array(layer(np.float32([[np.nan, 0.0]])))[0, 0])
    line = np.linspace(-20, 20, 1001, dtype="float32")[:, None].repeat(2, axis=1)
    assert (np.diff(np.array(layer(line)), axis=0) > 0).all()


@pytest.mark.parametrize("layer_class", [RobustScaling, QuantileScaling])
def test_a_saved_model_keeps_the_scaling(layer_class, random, tmp_path):
    x = random.lognormal(size=(51, 3)).astype("float32")
    layer = layer_class()
    layer.adapt(x)
    model = keras.Sequential([keras.Input((3,)), layer])
    model.save(tmp_path / "m.keras")
    loaded = keras.saving.load_model(tmp_path / "m.keras")
    np.testing.assert_array_equal(loaded(2 * x), model(2 * x))


def test_a_long_table_is_read_evenly(monkeypatch, random):
    monkeypatch.setattr("kerasocc.datasets.preprocessing.quantiles.SAMPLES", 10)
    x = np.arange(100, dtype="float32")[:, None]
    np.testing.assert_allclose(robust(x).median, [np.median(x[::10])])
