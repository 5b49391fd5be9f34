"""The fused BatchNorm computes what Keras's does."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from kerasocc import distribution
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


def dense(**options):
    return (6,), keras.layers.Dense(3, **options)


def convolution(**options):
    return (7, 7, 2), keras.layers.Conv2D(3, 3, **options)


@pytest.mark.parametrize("affine", [False, True])
@pytest.mark.parametrize(
    ("shape", "layer", "joins"),
    [
        (*dense(use_bias=False), True),
        (*convolution(use_bias=False), True),
        (*convolution(use_bias=False, padding="same", strides=2), True),
        # A dilated one is cut and put together again, and a bias is an operation of its own.
        (*convolution(use_bias=False, dilation_rate=2), False),
        (*dense(bias_initializer="ones"), False),
        (*convolution(bias_initializer="ones"), False),
    ],
)
def test_folded_into_the_layer_before_it(shape, layer, joins, affine, random):
    normalize = GlobalBatchNormalization(center=affine, scale=affine)
    model = keras.Sequential([keras.Input(shape), layer, normalize, keras.layers.LeakyReLU()])
    for weight in normalize.weights:
        weight.assign(random.uniform(0.5, 2.0, size=3))
    x = tf.constant(random.normal(size=(5, *shape)), "float32")
    function = tf.function(model, autograph=False).get_concrete_function(x)
    products = [op for op in function.graph.get_operations() if op.type in ("MatMul", "Conv2D")]
    assert len(products) == (2 if joins else 1)
    np.testing.assert_allclose(function(x), model(x), rtol=1e-5, atol=1e-5)


def test_folding_has_the_gradients_of_the_weights(random):
    shape, layer = dense(use_bias=False)
    model = keras.Sequential([keras.Input(shape), layer, GlobalBatchNormalization()])
    model.layers[1].moving_variance.assign([0.5, 2.0, 3.0])
    x = tf.constant(random.normal(size=(5, *shape)), "float32")

    def gradients():
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(model(x, training=False) ** 3)
        return tape.gradient(loss, model.trainable_weights)

    found = tf.function(gradients, autograph=False)()
    for one, other in zip(found, gradients(), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)


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


def test_statistics_over_replicas_count_the_views_of_a_sample(two_replicas, random):
    # A batch of 5 samples in pieces of 3 and 2, with four rows of each in `x`.
    x = random.normal(2.0, size=(20, 3)).astype("float32")
    upstream = random.normal(size=(20, 3)).astype("float32")

    def step(rows, piece=None):
        inputs = tf.constant(x)[rows]
        with distribution.piece_of_batch(piece), tf.GradientTape() as tape:
            tape.watch(inputs)
            loss = tf.reduce_sum(layer(inputs, training=True) * tf.constant(upstream)[rows])
        return tape.gradient(loss, inputs)

    layer = GlobalBatchNormalization()
    expected = step(slice(None))
    average = np.array(layer.moving_variance)

    with two_replicas.scope():
        layer = GlobalBatchNormalization()
        layer.build((None, 3))

        def of_replica():
            number = distribution.replica_number()
            piece = distribution.Piece(3 * number, 5, 5)
            return step(slice(12 * number, 12 + 8 * number), piece)

        found = two_replicas.run(tf.function(of_replica))
    found = np.concatenate(two_replicas.experimental_local_results(found))
    np.testing.assert_allclose(found, expected, atol=1e-5)
    np.testing.assert_allclose(layer.moving_variance, average, rtol=1e-5)
