"""Random Fourier features: by hand, the kernel they approximate, and what is stored of them."""

import keras
import numpy as np
import pytest

from kerasocc.networks import fourier_features, mlp
from kerasocc.networks.conditions import trivial_solutions
from kerasocc.networks.fourier import FourierFeatures
from tests.networks.models import trainable


def value(tensor):
    return keras.ops.convert_to_numpy(tensor)


def squared_distances(x):
    return np.sum((x[:, None] - x[None]) ** 2, axis=-1)


def test_by_hand():
    layer = FourierFeatures(2)
    layer.build((None, 2))
    layer.frequencies.assign([[np.pi, 0.0], [0.0, np.pi / 2]])
    # Angles of (1, 1): pi and pi / 2; of (0.5, 0): pi / 2 and 0.
    found = value(layer(np.array([[1.0, 1.0], [0.5, 0.0]], "float32")))
    expected = np.array([[-1.0, 0.0, 0.0, 1.0], [0.0, 1.0, 1.0, 0.0]]) / np.sqrt(2)
    np.testing.assert_allclose(found, expected, atol=1e-6)


@pytest.mark.parametrize("gamma", [None, 0.05, 1.0])
def test_inner_products_approximate_the_kernel(gamma, random):
    x = random.normal(size=(40, 6)).astype("float32")
    phi = fourier_features(6, features=20_000, gamma=gamma, seed=0).predict(x, verbose=0)
    kernel = np.exp(-(1 / 6 if gamma is None else gamma) * squared_distances(x))
    # Five standard deviations of a mean of 20,000 cosines.
    np.testing.assert_allclose(phi @ phi.T, kernel, atol=5 * np.sqrt(0.5 / 20_000))
    np.testing.assert_allclose(np.linalg.norm(phi, axis=1), 1.0, rtol=1e-5)


@pytest.mark.parametrize("columns", [2, 30, 300])
def test_the_default_width_suits_standardised_columns_of_any_number(columns, random):
    x = random.exponential(size=(200, columns))
    x = (x - x.mean(axis=0)) / x.std(axis=0)
    phi = fourier_features(columns, features=2000, seed=0).predict(x, verbose=0)
    # The mean of the kernel over all pairs is at least exp(-2), by Jensen's inequality.
    assert np.sum(phi.mean(axis=0) ** 2) > np.exp(-2) - 0.02


def test_shapes_and_trainable_frequencies():
    encoder = fourier_features(7, features=5)
    assert (encoder.input_shape, encoder.output_shape) == ((None, 7), (None, 10))
    assert trainable(encoder) == 7 * 5 and encoder.name == "fourier_features"
    fixed = fourier_features((4, 4, 2), features=5, trainable=False, name="fixed")
    assert (fixed.input_shape, fixed.output_shape) == ((None, 4, 4, 2), (None, 10))
    assert trainable(fixed) == 0 and fixed.name == "fixed"
    assert trivial_solutions(encoder) == trivial_solutions(fixed) == []


def test_in_front_of_an_mlp():
    network = keras.Sequential([fourier_features(7, features=8, seed=0), mlp([16, 4], seed=0)])
    network.build((None, 7))
    assert network.output_shape == (None, 4)
    assert trainable(network) == 7 * 8 + 16 * 4


def test_seeds():
    first, again, other = (value(fourier_features(3, seed=s).weights[0]) for s in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).max() > 0.1


def test_file_round_trip(tmp_path, random):
    x = random.normal(size=(9, 3)).astype("float32")
    encoder = fourier_features(3, features=4, gamma=0.7, trainable=False, seed=3)
    encoder.save(tmp_path / "encoder.keras")
    loaded = keras.saving.load_model(tmp_path / "encoder.keras")
    np.testing.assert_array_equal(value(loaded(x)), value(encoder(x)))
    layer = loaded.layers[-1]
    assert (layer.features, layer.gamma, layer.trainable) == (4, 0.7, False)


def test_angles_are_not_rounded_to_half_precision(float16_policy, random):
    # Float16 resolves angles near 100 to 0.06.
    x = (100 * random.normal(size=(20, 2))).astype("float32")
    encoder = fourier_features(2, features=50, seed=0)
    found = encoder(x)
    assert keras.backend.standardize_dtype(found.dtype) == "float16"
    angles = np.asarray(keras.ops.cast(x, "float16"), "float64") @ value(encoder.weights[0])
    expected = np.concatenate([np.cos(angles), np.sin(angles)], axis=1) / np.sqrt(50)
    np.testing.assert_allclose(value(found), expected, atol=1e-3)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"features": 0}, "`features` must be .* Received: features=0"),
        ({"gamma": 0.0}, "`gamma` must be .* Received: gamma=0.0"),
        ({"input_shape": 0}, "`input_shape` must be .* Received: input_shape=0"),
        ({"input_shape": (3, None)}, "`input_shape` must be .* Received: input_shape=None"),
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        fourier_features(**{"input_shape": 3, **arguments})


def test_an_unknown_number_of_columns_is_refused():
    with pytest.raises(ValueError, match=r"`input_shape` must be fully defined .*\(None, None\)"):
        FourierFeatures().build((None, None))
