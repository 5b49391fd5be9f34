"""Embeddings around the origin: the criterion by hand, and when a training warns."""

import warnings

import keras
import numpy as np
import pytest

import kerasocc as kocc
from kerasocc.callbacks import QuantileUpdate
from kerasocc.callbacks.origin import separation_from_origin
from kerasocc.datasets.preprocessing import standardize


def test_separation_by_hand():
    # Unit vectors (1, 0) and (0, 1) have the mean (0.5, 0.5).
    assert separation_from_origin(np.eye(2)) == pytest.approx(np.sqrt(0.5))
    # One direction, deciles of the lengths 1.3 and 3.7.
    assert separation_from_origin(np.array([[1.0, 0], [4.0, 0]])) == pytest.approx(1.3 / 3.7)
    assert separation_from_origin(np.array([[1.0, 0], [-1.0, 0]])) == 0
    assert separation_from_origin(np.zeros((3, 2))) == 0
    assert separation_from_origin(7 * np.eye(2)) == pytest.approx(np.sqrt(0.5))


def centred(random):
    """Rows of correlated, heavy-tailed columns."""
    rows = random.standard_t(5, size=(400, 4)) @ random.normal(size=(4, 10))
    return (rows + random.normal(size=rows.shape)).astype("float32")


def fitted(encoder, x, **options):
    options = {"train_encoder": False, "seed": 0, **options}
    model = kocc.OCNN(encoder, preprocessing=standardize(x), **options)
    model.compile(keras.optimizers.Adam(1e-3))
    model.fit(x, epochs=2, verbose=0)
    return model


@pytest.mark.parametrize("widths", [[10, 8], [10, 32, 16, 8]])
def test_centred_columns_behind_a_network_without_biases_are_warned_of(widths, random):
    x = centred(random)
    with pytest.warns(UserWarning, match="of rows lie around the origin .separation 0"):
        model = fitted(kocc.networks.mlp(widths, seed=0), x, name="rows")
    # What the warning says: rows far out are more normal than the training rows.
    score = np.median(model.score(10 * x))
    assert score < np.median(model.score(x))


@pytest.mark.parametrize("train_encoder", [False, True])
def test_fourier_features_are_not(train_encoder, random):
    x = centred(random)
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        encoder = kocc.networks.fourier_features(10, seed=0)
        model = fitted(encoder, x, train_encoder=train_encoder)
    assert np.median(model.score(10 * x)) > np.median(model.score(x))


@pytest.mark.slow
def test_samples_far_from_the_origin_are_not(random):
    encoder = keras.Sequential([keras.Input((2,)), keras.layers.Flatten()])
    model = kocc.OCNN(encoder, train_encoder=False, seed=0)
    model.compile(keras.optimizers.Adam(1e-3))
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        model.fit(random.normal(3.0, 0.5, size=(200, 2)), verbose=0)


@pytest.mark.parametrize("train_encoder", [False, True])
def test_the_digits_are_not(train_encoder, digits):
    encoder = kocc.networks.lenet("digits", seed=0)
    options = dict(train_encoder=train_encoder, preprocessing=digits.preprocessing, seed=0)
    model = kocc.OCNN(encoder, **options)
    model.compile(keras.optimizers.Adam(1e-3))
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        model.fit(digits.x_train, verbose=0)


def test_the_warning_can_be_left_out(random):
    x = centred(random)
    model = kocc.OCNN(kocc.networks.mlp([10, 8], seed=0), train_encoder=False, seed=0)
    model.compile(keras.optimizers.Adam(1e-3))
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        model.fit(x, verbose=0, callbacks=[QuantileUpdate(action="log")])
