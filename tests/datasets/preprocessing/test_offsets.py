"""Offsets in float64: by hand, in files, in chains, from float32."""

import keras
import numpy as np
import pytest

from kerasocc.datasets import MinMaxScaling, Preprocessing, Rows, Standardization

START = 1_700_000_100
X = np.float64([[START, 0.0], [START + 10, 5.0], [START + 30, 2.0], [START + 40, 10.0]])
BY_RANGE = [[0, 0], [0.25, 0.5], [0.75, 0.2], [1, 1]]
BY_DEVIATION = (X - X.mean(axis=0)) / X.std(axis=0)
LAYERS = {
    "range": (lambda: MinMaxScaling(per_feature=True), BY_RANGE),
    "deviation": (Standardization, BY_DEVIATION),
    "chain": (lambda: Preprocessing([MinMaxScaling(per_feature=True)]), BY_RANGE),
}


@pytest.mark.parametrize("view", [np.asarray, Rows])
@pytest.mark.parametrize("name", LAYERS)
def test_close_values_are_told_apart(name, view, tmp_path):
    make, expected = LAYERS[name]
    layer = make()
    layer.adapt(view(X))
    assert layer.sample_dtype == "float64"
    for given in (X, keras.ops.convert_to_tensor(X)):
        found = keras.ops.convert_to_numpy(layer(given))
        assert found.dtype == "float32"
        np.testing.assert_allclose(found, expected, atol=1e-6)
    # What float32 has lost does not come back, but nothing else is lost.
    rounded = keras.ops.convert_to_numpy(layer(np.float32(X)))
    np.testing.assert_allclose(rounded, layer(np.float64(np.float32(X))), rtol=1e-6)
    assert len(set(rounded[:, 0])) == 1

    model = keras.Sequential([keras.Input((2,), dtype="float64"), layer])
    model.save(tmp_path / "m.keras")
    loaded = keras.saving.load_model(tmp_path / "m.keras").layers[-1]
    assert loaded.sample_dtype == "float64"
    np.testing.assert_array_equal(loaded(X), layer(X))


def test_integers_are_exact():
    layer = MinMaxScaling(per_feature=True)
    layer.adapt(X.astype("int64"))
    assert layer.sample_dtype == "float64"
    np.testing.assert_allclose(layer(X.astype("int64")), BY_RANGE, atol=1e-6)


@pytest.mark.parametrize("make", [lambda: MinMaxScaling(per_feature=True), Standardization])
def test_other_samples_are_computed_with_as_before(make):
    x = np.random.default_rng(0).normal(size=(50, 2))
    wide, narrow = make(), make()
    wide.adapt(x)
    narrow.adapt(x.astype("float32"))
    assert wide.sample_dtype == narrow.sample_dtype == "float32"
    assert "precise" not in wide.get_config() and len(wide.weights) == 2
    np.testing.assert_allclose(wide(x), narrow(x.astype("float32")), rtol=1e-5)


def test_a_layer_that_was_built_for_float32_says_so():
    layer = MinMaxScaling(per_feature=True)
    layer.adapt(np.float32([[1, 2], [3, 4]]))
    with pytest.raises(ValueError, match="Adapt a new layer. Received: x of dtype float64"):
        layer.adapt(X)
