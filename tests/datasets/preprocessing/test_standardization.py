"""Standardisation: by hand, against scikit-learn, constant columns, saved inside a model."""

import keras
import numpy as np
import pytest
from sklearn.preprocessing import StandardScaler

from kerasocc.datasets import Preprocessing, Standardization, half_split
from kerasocc.datasets.preprocessing.recipes import standardize
from kerasocc.datasets.preprocessing.standardization import moments


def test_standardisation_by_hand():
    x = np.array([[1.0, 10.0], [3.0, 10.0], [5.0, 40.0]], "float32")
    # Means 3 and 20; deviations sqrt(8 / 3) and sqrt(200).
    layer = standardize(x)
    np.testing.assert_allclose(
        layer(x),
        [[-2 / (8 / 3) ** 0.5, -(0.5**0.5)], [0, -(0.5**0.5)], [2 / (8 / 3) ** 0.5, 2**0.5]],
        rtol=1e-6,
    )


@pytest.mark.parametrize("value", [0.0, 4.2, -1e8, 16777.1, 1e30])
def test_a_constant_column_becomes_zero(value):
    x = np.full((999, 1), value, "float32")
    layer = standardize(x)
    assert (np.array(layer(x)) == 0).all()
    difference = np.float32(value) * np.float32(1.25) - np.float32(value)
    np.testing.assert_allclose(layer(x[:1] * np.float32(1.25)), [[difference]], rtol=1e-6)


def test_standardisation_is_that_of_scikit_learn(random):
    x = random.normal([5, 1e4, 0, -1e6], [1, 0.1, 1e-4, 3], size=(3000, 4)).astype("float32")
    reference = StandardScaler().fit(x.astype("float64"))
    layer = standardize(x)
    np.testing.assert_allclose(layer.mean, reference.mean_, rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(layer.deviation, reference.scale_, rtol=1e-6)
    batches = (x[start : start + 7] for start in range(0, 3000, 7))
    np.testing.assert_allclose(moments(batches)[1], reference.scale_, rtol=1e-9)


def test_a_first_row_far_off_spoils_nothing(random):
    x = random.normal(size=(10_000, 1))
    x[0] = 1e8
    np.testing.assert_allclose(moments([x])[1], x.std(axis=0), rtol=1e-9)


def test_standardisation_keeps_its_precision_under_float16(float16_policy):
    x = np.array([[70_000.0], [70_001.0]], "float32")
    np.testing.assert_allclose(standardize(x)(x), [[-1.0], [1.0]])


def test_a_saved_model_keeps_the_standardisation(random, tmp_path):
    x = random.normal(5.0, 3.0, size=(51, 3)).astype("float32")
    data = half_split((x, np.repeat([0, 1], [41, 10])))
    model = keras.Sequential([keras.Input((3,)), data.preprocessing])
    model.save(tmp_path / "m.keras")
    loaded = keras.saving.load_model(tmp_path / "m.keras")
    np.testing.assert_array_equal(loaded(data.x_test), model(data.x_test))
    assert isinstance(loaded.layers[-1], Standardization)
    chain = Preprocessing([Standardization(), Standardization()]).adapt(data.x_train)
    np.testing.assert_allclose(chain(data.x_test), model(data.x_test), atol=1e-5)
