"""Regularization terms of Chong et al., eq. 4 and 5 by hand."""

import numpy as np
import pytest
import tensorflow as tf

from kerasocc.losses import anti_collapse
from tests.regularizers.models import value


def test_cross_entropy_by_hand():
    logits = np.array([[0.0, 2.0], [-1.0, 1000.0]], "float32")
    labels = np.array([[1, 0], [1, 1]])
    losses = value(anti_collapse.random_label_cross_entropy(logits, labels))
    sigmoid = 1 / (1 + np.exp(-np.array([2.0, -1.0])))
    first = (np.log(2) - np.log(1 - sigmoid[0])) / 2
    second = (-np.log(sigmoid[1]) + 0.0) / 2
    np.testing.assert_allclose(losses, [first, second], rtol=1e-5)


def test_variance_by_hand(random):
    embedding = random.normal(100.0, 2.0, size=(9, 5)).astype("float32")
    expected = embedding.astype("float64").var(axis=0, ddof=1).mean()
    assert float(anti_collapse.batch_variance(embedding)) == pytest.approx(expected, rel=1e-4)
    assert float(anti_collapse.variance_hinge(0.3, 0.5)) == pytest.approx(0.2)
    assert float(anti_collapse.variance_hinge(0.6, 0.5)) == 0.0


def test_a_batch_of_one_costs_nothing():
    embedding = tf.Variable([[1.0, 2.0]])
    with tf.GradientTape() as tape:
        penalty = anti_collapse.variance_hinge(anti_collapse.batch_variance(embedding), 0.1)
    assert float(penalty) == 0.0
    np.testing.assert_array_equal(tape.gradient(penalty, embedding), [[0.0, 0.0]])
