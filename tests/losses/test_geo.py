"""GEO: cross-entropies and the score by hand."""

import keras
import numpy as np
import pytest

from kerasocc.losses import geo


def value(tensor):
    return keras.ops.convert_to_numpy(tensor)


# Softmax of two views: 1/8, 1/8, 3/4 and 1/2, 1/4, 1/4.
LOGITS = np.log([[[1.0, 1.0, 6.0], [4.0, 2.0, 2.0]]]).astype("float32")


def test_losses_by_hand():
    loss = value(geo.normal_loss(LOGITS, np.array([[2, 0]])))
    np.testing.assert_allclose(loss, [(np.log(4 / 3) + np.log(2)) / 2], rtol=1e-6)
    # One row of numbers for all samples.
    twice = np.concatenate([LOGITS, LOGITS[:, ::-1]])
    loss = value(geo.normal_loss(twice, np.array([[0, 1]])))
    np.testing.assert_allclose(
        loss, [(np.log(8) + np.log(4)) / 2, (np.log(2) + np.log(8)) / 2], 1e-6
    )
    expected = (2 * np.log(8) + np.log(4 / 3) + np.log(2) + 2 * np.log(4)) / 6
    np.testing.assert_allclose(value(geo.anomaly_loss(LOGITS)), [expected], rtol=1e-6)


def test_score_by_hand():
    alpha = np.array([[2.0, 1.0, 0.5], [1.0, 3.0, 1.0]], "float32")
    # Minus (log 1/8 - 1/2 log 3/4) of the first view, minus 2 log 1/4 of the second one.
    expected = -(np.log(1 / 8) - 0.5 * np.log(3 / 4)) - 2 * np.log(1 / 4)
    found = geo.dirichlet_score(LOGITS, alpha, np.zeros((2, 3), "float32"))
    np.testing.assert_allclose(value(found), [expected], rtol=1e-6)
    origin = np.array([[-1.0, -7.0, -2.0], [-3.0, -4.0, -5.0]], "float32")
    found = geo.dirichlet_score(LOGITS, alpha, origin)
    np.testing.assert_allclose(value(found), [expected + (-1.0 + 1.0 + 2 * -4.0)], rtol=1e-6)


def test_the_first_parameters_give_the_likelihood_of_the_right_transformations():
    logits = np.random.default_rng(0).normal(size=(4, 3, 3)).astype("float32")
    log_p = logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))
    found = value(geo.dirichlet_score(logits, 1.0 + np.eye(3, dtype="float32"), 0.0))
    np.testing.assert_allclose(found, -np.einsum("btt->b", log_p), rtol=1e-5)


@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_probabilities_of_zero_stay_finite(dtype):
    logits = keras.ops.convert_to_tensor([[[1e4, -1e4], [-1e4, 1e4]]], dtype)
    log_p = value(geo.log_softmax(logits))
    assert log_p.dtype == np.float32
    np.testing.assert_allclose(log_p, np.log(1e-37) * np.array([[[0, 1], [1, 0]]]), rtol=1e-6)
    alpha = np.array([[5.0, 0.01], [0.01, 5.0]], "float32")
    np.testing.assert_allclose(
        value(geo.dirichlet_score(logits, alpha, 0.0)), [2 * 0.99 * np.log(1e-37)], rtol=1e-5
    )
    for loss in (geo.normal_loss(logits, np.array([[1, 0]])), geo.anomaly_loss(logits)):
        assert np.isfinite(value(loss)).all()
