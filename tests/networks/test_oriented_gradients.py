"""Oriented gradients, by hand and as a part of a detector."""

import keras
import numpy as np
import pytest

import kerasocc as kocc
from kerasocc.datasets.preprocessing import unit_range
from kerasocc.networks import oriented_gradients


def edge(side=8):
    """Dark on the left, bright on the right: the slope points to the right, direction 0."""
    image = np.zeros((1, side, side, 1), "float32")
    image[:, :, side // 2 :] = 1
    return image


def by_cell(encoder, images, rows, columns, directions):
    return np.array(encoder(images)).reshape(-1, rows, columns, directions)


def test_an_edge_by_hand():
    encoder = oriented_gradients((8, 8, 1), cells=2, directions=4)
    # Cells of four pixels, two pixels apart. Two columns have a slope of 1, in all rows but the
    # outermost; the cosine of the next directions, 90 degrees away, is 0.
    found = by_cell(encoder, edge(), 3, 3, 4)
    energies = np.zeros((3, 3, 4))
    energies[:, :, 0] = np.outer([3, 4, 3], [1, 2, 1]) / 16
    norm = np.linalg.norm(energies)
    np.testing.assert_allclose(found[0], energies / (norm + 1e-3), atol=1e-6)
    # Bright on the left: the opposite direction.
    np.testing.assert_allclose(by_cell(encoder, 1 - edge(), 3, 3, 4)[..., 2], found[..., 0], 1e-6)
    downwards = edge().transpose(0, 2, 1, 3)
    np.testing.assert_allclose(
        by_cell(encoder, downwards, 3, 3, 4)[0, :, :, 1], found[0, :, :, 0].T, atol=1e-6
    )


def test_brightness_contrast_and_the_channels_that_are_flat_do_not_matter(random):
    grey = oriented_gradients((32, 32, 1))
    x = random.random((3, 32, 32, 1))
    expected = np.array(grey(x))
    assert expected.shape == (3, 392)
    np.testing.assert_allclose(grey(0.25 + 0.5 * x), expected, rtol=0.1, atol=1e-4)
    flat = np.full_like(x, 0.5)
    colour = oriented_gradients((32, 32, 3))
    np.testing.assert_allclose(colour(np.concatenate([flat, x, flat], -1)), expected, atol=1e-6)
    np.testing.assert_allclose(grey(flat), 0, atol=1e-12)


@pytest.mark.parametrize(
    ("shape", "options", "message"),
    [
        ((8, 8, 1), dict(cells=0), "`cells` must be an integer of at least 1"),
        ((8, 8, 1), dict(directions=1), "`directions` must be an integer of at least 2"),
        ((3, 8, 1), dict(cells=4), r"at least 4 pixels.*Received: samples of shape \(3, 8, 1\)"),
        ((8, 8), {}, "`input_shape` must be that of images"),
    ],
)
def test_arguments(shape, options, message):
    with pytest.raises(ValueError, match=message):
        oriented_gradients(shape, **options)


def test_files_and_exports_of_a_detector(digits, tmp_path):
    pytest.importorskip("onnxruntime", reason="ONNX Runtime is not installed")
    from tests.conformance.test_export import (
        assert_scores_like,
        litert_scorer,
        onnx_scorer,
        saved_model_scorer,
    )

    encoder = oriented_gradients((8, 8, 1))
    model = kocc.NearestNeighbors(encoder, k=3, preprocessing=unit_range(digits.x_train))
    model.fit(digits.x_train, verbose=0)
    model.calibrate(digits.x_test[digits.y_test == 0], fpr=0.05)
    assert model.evaluate(digits.x_test, digits.y_test, return_dict=True)["auc"] > 0.98
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded.score(digits.x_test), model.score(digits.x_test))
    scorers = {"tf_saved_model": saved_model_scorer, "onnx": onnx_scorer, "litert": litert_scorer}
    for form, scorer in scorers.items():
        kocc.export(model, tmp_path / form, format=form)
        assert_scores_like(scorer(tmp_path / form), model, digits.x_test, exact=False)


def test_half_precision_computes_in_float32(random, float16_policy):
    x = random.random((3, 16, 16, 1)).astype("float32")
    half = np.array(oriented_gradients((16, 16, 1))(x))
    keras.config.set_dtype_policy("float32")
    np.testing.assert_array_equal(half, oriented_gradients((16, 16, 1))(x))
