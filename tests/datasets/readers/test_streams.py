"""`tf.data` and `PyDataset` as sources."""

import numpy as np
import pytest
import tensorflow as tf

from kerasocc.datasets import one_vs_rest


def test_names_of_classes_from_tensorflow():
    texts = tf.constant(["cat", "dog"] * 10)
    stream = tf.data.Dataset.from_tensor_slices((np.arange(20.0)[:, None], texts))
    assert len(one_vs_rest(stream, normal_class="dog").x_train) == 6


@pytest.mark.parametrize(
    ("stream", "message"),
    [
        (tf.data.Dataset.from_tensors((np.zeros(3), 0)).repeat(), "come to an end"),
        (tf.data.Dataset.from_tensors(np.zeros((2, 3))), "pairs `\\(x, class\\)`"),
        (tf.data.Dataset.from_tensors((np.zeros((2, 3)), np.zeros(3))), "one class per sample"),
        (tf.data.Dataset.from_tensors((np.zeros((2, 3)), [0, 1])).take(0), "at least one sample"),
    ],
)
def test_bad_streams(stream, message):
    with pytest.raises(ValueError, match=message):
        one_vs_rest(stream)


def test_samples_of_several_shapes():
    def elements():
        yield np.zeros((2, 2)), 0
        yield np.zeros((2, 3)), 1

    kind = (tf.TensorSpec((2, None)), tf.TensorSpec((), "int32"))
    stream = tf.data.Dataset.from_generator(elements, output_signature=kind)
    with pytest.raises(ValueError, match=r"\(2, 2\), and \(2, 3\) from sample 1 on"):
        one_vs_rest(stream)
