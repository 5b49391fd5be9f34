"""Preprocessing layers: by hand, constant data, NaN, a chain."""

import keras
import numpy as np
import pytest

from kerasocc.datasets import GlobalContrastNormalization, MinMaxScaling, Preprocessing
from kerasocc.datasets.preprocessing.recipes import contrast_min_max


def test_contrast_by_hand():
    image = np.array([[[1.0], [3.0]], [[5.0], [7.0]]])  # mean 4, deviations -3 -1 1 3
    normalized = GlobalContrastNormalization()(image[None])
    np.testing.assert_allclose(np.array(normalized)[0, ..., 0], [[-1.5, -0.5], [0.5, 1.5]])


@pytest.mark.parametrize("value", [0.0, 1.0, 0.1, 255.0, 1e6, -3.3])
def test_constant_image_becomes_zero(value):
    images = np.full((2, 28, 28, 1), value, "float32")
    assert (np.array(GlobalContrastNormalization()(images)) == 0).all()


def test_nan_stays_nan():
    images = np.ones((1, 8, 8, 1), "float32")
    images[0, 0, 0, 0] = np.nan
    assert np.isnan(np.array(GlobalContrastNormalization()(images))).all()


def test_faint_contrast_is_kept():
    images = np.full((1, 8, 8, 1), 100.0, "float32")
    images[0, 0, 0, 0] += 0.1
    normalized = np.array(GlobalContrastNormalization()(images))
    assert normalized.max() == pytest.approx(32, rel=0.02)


def test_min_max_shares_one_range_or_has_one_per_feature():
    x = np.array([[0.0, 10.0, 7.0], [4.0, 30.0, 7.0]])
    shared, each = MinMaxScaling(), MinMaxScaling(per_feature=True)
    shared.adapt(x)
    each.adapt(x)
    np.testing.assert_allclose(shared(x), x / 30)
    np.testing.assert_allclose(each(x), [[0, 0, 0], [1, 1, 0]])
    np.testing.assert_allclose(each(np.array([[8.0, 0.0, 8.0]])), [[2.0, -0.5, 1.0]])


def test_chain_adapts_one_after_the_other(digits):
    layer = contrast_min_max(digits.x_train)
    train = np.array(layer(digits.x_train))
    assert train.min() == 0.0 and train.max() == 1.0
    contrast = np.array(GlobalContrastNormalization()(digits.x_test))
    low, high = (
        f(np.array(GlobalContrastNormalization()(digits.x_train))) for f in (np.min, np.max)
    )
    np.testing.assert_allclose(layer(digits.x_test), (contrast - low) / (high - low), atol=1e-6)


def test_round_trip(digits):
    layer = contrast_min_max(digits.x_train)
    config = keras.saving.serialize_keras_object(layer)
    restored = keras.saving.deserialize_keras_object(config)
    assert isinstance(restored, Preprocessing)
    assert restored.get_config() == layer.get_config()
