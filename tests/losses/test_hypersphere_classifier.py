"""Distances and losses of the hypersphere classifier and of FCDD, by hand."""

import keras
import numpy as np
import pytest
from keras import ops

from kerasocc.losses import fcdd
from kerasocc.losses import hypersphere_classifier as hsc


def numpy(tensor):
    return ops.convert_to_numpy(tensor)


def gradient(function, value):
    """The derivative of the sum of a function, by TensorFlow."""
    import tensorflow as tf

    value = tf.constant(value, "float32")
    with tf.GradientTape() as tape:
        tape.watch(value)
        result = tf.reduce_sum(function(value))
    return tape.gradient(result, value).numpy()


@pytest.mark.parametrize(
    ("embedding", "distance"),
    [
        ([0.0, 0.0], 0.0),
        ([3.0, 0.0], np.sqrt(10) - 1),
        ([2.0, 2.0], 2.0),  # sqrt(4 + 4 + 1) - 1
        # For small x: x^2 / 2, which 1 + x^2 would lose in float32.
        ([1e-5, 0.0], 0.5e-10),
        # For large x: ||x|| - 1, although x^2 is beyond float32.
        ([3e25, 4e25], 5e25),
    ],
)
def test_radial_distance(embedding, distance):
    found = numpy(hsc.radial_distance(np.array([embedding], "float32")))
    np.testing.assert_allclose(found, [distance], rtol=1e-6)


def test_radial_distance_of_float16():
    found = hsc.radial_distance(np.full((1, 4), 300.0, "float16"))
    assert keras.backend.standardize_dtype(found.dtype) == "float32"
    np.testing.assert_allclose(numpy(found), [np.sqrt(360_001) - 1], rtol=1e-6)


@pytest.mark.parametrize("value", [0.0, 1e-20, 1e-3, 1.0, 1e3, 1e20, 1e30])
def test_gradient_of_the_radial_distance(value):
    # d/dx sqrt(x^2 + 1) = x / sqrt(x^2 + 1)
    found = gradient(hsc.radial_distance, [[value, 0.0]])
    expected = value / np.sqrt(np.float64(value) ** 2 + 1)
    np.testing.assert_allclose(found, [[expected, 0.0]], rtol=1e-5)


def test_anomaly_loss():
    # -log(1 - exp(-h)): ln 2 at h = ln 2; exp(-h) far away.
    found = numpy(hsc.anomaly_loss(ops.convert_to_tensor([np.log(2.0), 1.0, 20.0]), eps=0.0))
    expected = [np.log(2.0), -np.log(1 - np.exp(-1.0)), np.exp(-20.0)]
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_anomaly_loss_has_no_seam():
    distance = np.float32(np.log(2.0)) + np.linspace(-1e-3, 1e-3, 21).astype("float32")
    found = numpy(hsc.anomaly_loss(ops.convert_to_tensor(distance)))
    expected = -np.log(-np.expm1(-(distance.astype("float64") + 1e-6)))
    np.testing.assert_allclose(found, expected, rtol=2e-6)


@pytest.mark.parametrize("value", [0.0, 1e-30, 1e-6, 0.5, 100.0, 1e4, 1e30, 3e38])
def test_losses_and_gradients_are_finite(value):
    losses = [hsc.normal_loss, hsc.anomaly_loss]
    for loss in losses:
        found = numpy(loss(ops.convert_to_tensor([value], "float32")))
        assert np.isfinite(found).all() and found >= 0
        assert np.isfinite(gradient(loss, [value])).all()


def test_gradient_of_the_anomaly_loss():
    # -1 / (exp(h) - 1)
    np.testing.assert_allclose(gradient(hsc.anomaly_loss, [0.5]), [-1 / np.expm1(0.5)], rtol=1e-5)
    assert gradient(hsc.anomaly_loss, [0.0]) == pytest.approx([-1e6], rel=1e-3)


def test_labels_choose_the_loss():
    distance = ops.convert_to_tensor([1.0, 1.0, 1.0])
    found = numpy(hsc.semi_supervised(distance, ops.convert_to_tensor([0.0, 1.0, -1.0])))
    np.testing.assert_allclose(found, [1.0, 1.0, -np.log(1 - np.exp(-1.0))], rtol=1e-5)


def test_anomaly_map_is_elementwise():
    features = np.array([0.0, np.sqrt(3.0), np.sqrt(8.0), -np.sqrt(15.0)], "float32")
    found = numpy(fcdd.anomaly_map(features.reshape(1, 2, 2, 1)))
    np.testing.assert_allclose(found, [[[0.0, 1.0], [2.0, 3.0]]], rtol=1e-6)


def test_anomaly_map_of_several_channels():
    features = np.array([2.0, 2.0], "float32").reshape(1, 1, 1, 2)
    np.testing.assert_allclose(numpy(fcdd.anomaly_map(features)), [[[2.0]]], rtol=1e-6)


def test_masked_loss():
    heat_map = np.array([[[1.0, 2.0], [3.0, 6.0]]] * 2, "float32")
    mask = np.array([[[0, 0], [0, 1]], [[0, 0], [0, 0]]], "float32")
    found = numpy(fcdd.masked_loss(ops.convert_to_tensor(heat_map), ops.convert_to_tensor(mask)))
    # Normal pixels (1 + 2 + 3) / 4, anomalous ones 6 / 4; without a mask the mean, 12 / 4.
    np.testing.assert_allclose(found, [1.5 - np.log(1 - np.exp(-1.5)), 3.0], rtol=1e-5)


def test_masked_loss_of_an_empty_heat_map_is_finite():
    def loss(heat_map):
        return fcdd.masked_loss(heat_map, ops.ones((1, 2, 2)))

    zeros = np.zeros((1, 2, 2), "float32")
    assert np.isfinite(numpy(loss(ops.convert_to_tensor(zeros)))).all()
    assert np.isfinite(gradient(loss, zeros)).all()
