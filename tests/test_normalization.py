"""The fused BatchNorm computes what Keras's does."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from kerasocc.networks.normalization import GlobalBatchNormalization


@pytest.mark.parametrize("shape", [(7, 5), (6, 4, 4, 3), (6, 8, 3), (1, 5)])
@pytest.mark.parametrize("affine", [False, True])
def test_equals_keras(shape, affine, random):
    x = tf.constant(random.normal(3.0, 2.0, size=shape), "float32")
    weight = tf.constant(random.normal(size=shape), "float32")
    options = dict(momentum=0.9, epsilon=1e-4, center=affine, scale=affine)
    results = []
    for layer in (GlobalBatchNormalization(**options), keras.layers.BatchNormalization(**options)):
        layer.build(shape)
        if affine:
            layer.gamma.assign(np.linspace(0.5, 2, shape[-1]))
            layer.beta.assign(np.linspace(-1, 1, shape[-1]))
        with tf.GradientTape() as tape:
            tape.watch(x)
            training = layer(x, training=True)
            loss = tf.reduce_sum(weight * training**2)
        inputs, *affine_gradients = tape.gradient(loss, [x, *layer.trainable_variables])
        results.append([training, layer(x, training=False), inputs, *affine_gradients])
        results[-1] += [np.array(w) for w in layer.weights]
    for ours, theirs in zip(*results, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-5)


def test_config_has_no_backend_in_it():
    layer = GlobalBatchNormalization(momentum=0.9)
    assert "synchronized" not in layer.get_config()
    assert GlobalBatchNormalization.from_config(layer.get_config()).synchronized


def test_frozen_layer_keeps_its_statistics(random):
    layer = GlobalBatchNormalization()
    layer.build((None, 3))
    layer.trainable = False
    x = random.normal(5.0, size=(10, 3)).astype("float32")
    np.testing.assert_allclose(layer(x, training=True), layer(x, training=False))
    assert (np.array(layer.moving_mean) == 0).all()
