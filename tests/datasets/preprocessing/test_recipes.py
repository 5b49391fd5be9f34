"""Preprocessing of the papers: by hand, against scikit-learn, saved inside a model."""

import keras
import numpy as np
import pytest
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from kerasocc.datasets import Rows
from kerasocc.datasets.preprocessing.recipes import contrast_min_max, imagenet, min_max, unit_range
from tests.datasets.counting import Counting


def test_unit_range_of_bytes_is_fixed_and_of_others_adapted():
    dark = np.array([0, 51, 102], "uint8").reshape(1, 1, 1, 3)
    np.testing.assert_allclose(unit_range(dark)(dark).numpy().ravel(), [0, 0.2, 0.4], rtol=1e-6)
    floats = dark.astype("float32")
    np.testing.assert_allclose(unit_range(floats)(floats).numpy().ravel(), [0, 0.5, 1], rtol=1e-6)


def test_imagenet_by_hand_and_after_loading(tmp_path):
    x = np.array([[255, 0, 51]], "uint8").reshape(1, 1, 1, 3)
    expected = [(1 - 0.485) / 0.229, -0.456 / 0.224, (0.2 - 0.406) / 0.225]
    layer = imagenet(x)
    np.testing.assert_allclose(np.array(layer(x)).ravel(), expected, rtol=1e-5)
    model = keras.Sequential([keras.Input((1, 1, 3)), layer])
    model.save(tmp_path / "m.keras")
    loaded = keras.saving.load_model(tmp_path / "m.keras")
    np.testing.assert_allclose(np.array(loaded(x)).ravel(), expected, rtol=1e-5)


def test_tables_are_scaled_as_standardising_and_then_min_max_does(random):
    x = random.normal(50.0, [1.0, 20.0, 1e-2, 300.0], size=(200, 4))
    x[:, 1] = 4.2
    new = random.normal(50.0, 30.0, size=(50, 4))
    reference = make_pipeline(StandardScaler(), MinMaxScaler()).fit(x)
    layer = min_max(x.astype("float32"))
    np.testing.assert_allclose(layer(x), reference.transform(x), atol=1e-3)
    np.testing.assert_allclose(layer(new), reference.transform(new), rtol=2e-3, atol=1e-3)


def test_raw_inputs_keep_their_precision_under_float16(float16_policy):
    x = np.array([[70_000.0], [70_001.0]], "float32")
    layer = min_max(x)
    np.testing.assert_allclose(layer(x), [[0.0], [1.0]])


@pytest.mark.parametrize("adapt", [contrast_min_max, min_max])
def test_preprocessing_adapts_on_what_is_on_disk(adapt, random):
    x = random.normal(size=(2500, 4, 4, 1)).astype("float32")
    counting = Counting(x)
    in_memory, on_disk = adapt(x), adapt(Rows(counting))
    for a, b in zip(in_memory.get_weights(), on_disk.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert counting.most == 1000
