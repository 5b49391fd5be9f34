"""What is computed from weights alone leaves a loop, and nothing else does."""

import keras
import numpy as np
import pytest

from kerasocc.engine.inference import ROWS_PER_SLICE, InferenceRunner, _in_slices
from kerasocc.engine.loop_invariants import hoist_loop_invariants
from kerasocc.engine.tensors import any_batch_size, compiled_for
from kerasocc.networks import mlp

pytestmark = pytest.mark.skipif(
    keras.backend.backend() != "tensorflow", reason="graphs of TensorFlow"
)


def needed(outputs):
    """The operations that outputs of a graph are computed by."""
    found, due = set(), [tensor.op for tensor in outputs]
    while due:
        operation = due.pop()
        if operation not in found:
            found.add(operation)
            due += [tensor.op for tensor in operation.inputs]
    return found


def split(function, x):
    """The two parts of a function: the operations of the rest, the values, what it returns."""
    import tensorflow as tf

    parts = {}

    @tf.function(autograph=False)
    def loop(x):
        rest, values, outputs = hoist_loop_invariants(function, x)
        parts["rest"] = {operation.type for operation in needed(rest.outputs)}
        parts["outputs"] = outputs
        return values, rest(x, *values)

    values, results = loop(tf.constant(x))
    return parts["rest"], [np.array(v) for v in values], results, parts["outputs"]


def test_the_kernel_of_a_folded_normalization_is_computed_outside():
    encoder = mlp([3, 4, 2], seed=0)
    encoder.layers[-3].moving_mean.assign([1.0, 2.0, 3.0, 4.0])
    x = np.float32([[1, 2, 3], [4, 5, 7]])
    rest, values, results, _ = split(lambda x: encoder(x, training=False), x)
    assert "ReadVariableOp" not in rest and "Rsqrt" not in rest and "MatMul" in rest
    kernel, norm = encoder.layers[-4].kernel, encoder.layers[-3]
    scale = 1 / np.sqrt(np.array(norm.moving_variance) + norm.epsilon)
    assert any(np.allclose(v, np.array(kernel) * scale) for v in values if v.shape == (3, 4))
    assert any(np.allclose(v, -np.float32([1, 2, 3, 4]) * scale) for v in values if v.ndim == 1)
    np.testing.assert_allclose(results, encoder(x, training=False), rtol=1e-6)


def test_structures_and_results_without_the_inputs():
    import tensorflow as tf

    weight = tf.Variable([1.0, 2.0])
    x = np.ones((4, 2), "float32")
    _, _, (product, root), outputs = split(lambda x: (x * weight, tf.sqrt(weight)), x)
    np.testing.assert_allclose(product, x * [1, 2])
    np.testing.assert_allclose(root, np.sqrt([1, 2]))
    assert outputs[0].shape == (None, 2)


def test_random_numbers_are_drawn_in_every_round():
    import tensorflow as tf

    weight = tf.Variable(2.0)
    x = np.ones((3, 2), "float32")
    rest, values, _, _ = split(lambda x: x * (tf.random.uniform((2,)) * tf.square(weight)), x)
    assert "RandomUniform" in rest
    np.testing.assert_allclose(values, [4.0])


def test_a_generator_of_random_numbers_goes_on_in_every_round():
    class Noise(keras.layers.Layer):
        def __init__(self):
            super().__init__()
            self.generator = keras.random.SeedGenerator(0)

        def call(self, x):
            return x + keras.random.normal(keras.ops.shape(x), seed=self.generator)

    model = keras.Sequential([keras.Input((2,)), Noise()])
    x = np.zeros((3 * ROWS_PER_SLICE, 2), "float32")
    noise = InferenceRunner(model).run("call", [x], rows=8000)
    assert len(np.unique(noise[:, 0])) > 0.99 * len(x)


def test_constants_stay():
    import tensorflow as tf

    x = np.ones((3, 2), "float32")
    _, values, results, _ = split(lambda x: tf.reduce_sum(x * [2.0, 3.0], axis=-1), x)
    assert not values
    np.testing.assert_allclose(results, [5, 5, 5])


def test_a_compiled_pass_follows_the_weights():
    model = mlp([3, 4, 2], seed=0)
    passes = InferenceRunner(model)
    x = np.random.default_rng(0).normal(size=(2 * ROWS_PER_SLICE + 3, 3)).astype("float32")
    before = passes.run("call", [x], rows=8000)
    model.layers[-1].kernel.assign(2 * model.layers[-1].kernel)
    model.layers[-3].moving_variance.assign([9.0] * 4)
    after = passes.run("call", [x], rows=8000)
    np.testing.assert_allclose(after, model(x, training=False), rtol=1e-4, atol=1e-5)
    assert len(passes._compiled) == 1 and np.abs(after - before).max() > 0.1


def test_outputs_of_slices_have_the_shape_of_their_rows():
    # Workers exchange tensors of known shapes only.
    def method(inputs):
        return inputs, keras.ops.sum(inputs, axis=-1)

    sliced = compiled_for(_in_slices(method, 4), [any_batch_size(np.zeros((9, 3), "float32"))])
    assert [s.as_list() for s in sliced.output_shapes] == [[None, 3], [None]]
