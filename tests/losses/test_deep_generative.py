"""The losses of variational autoencoders and of M2 by hand."""

import numpy as np
import pytest
from keras import ops

from kerasocc.losses import deep_generative as loss

COSTS = np.array([[2.0, 5.0], [7.0, 3.0]], "float32")
LOGIT = np.array([np.log(3.0), -np.log(4.0)], "float32")
Q = np.array([[0.25, 0.75], [0.8, 0.2]])


def numpy(tensor):
    return ops.convert_to_numpy(tensor)


def test_divergence():
    mean = np.array([[0.0, 0.0], [1.0, 2.0]], "float32")
    log_variance = np.log([[1.0, 1.0], [4.0, 1.0]]).astype("float32")
    # (4 + 1 - 1 - log 4) / 2 + 4 / 2
    expected = [0.0, (4 - np.log(4)) / 2 + 2]
    np.testing.assert_allclose(numpy(loss.kl_divergence(mean, log_variance)), expected, rtol=1e-6)


def test_reconstruction():
    x = np.array([[[1.0], [0.0]], [[0.5], [1.0]]], "float32")
    p = np.array([[[0.5], [0.75]], [[0.5], [1.0]]], "float32")
    expected = [np.log(2) + np.log(4), np.log(2)]
    np.testing.assert_allclose(numpy(loss.bernoulli_loss(x, p)), expected, atol=2e-4)
    # What was thought impossible costs much, not infinitely much.
    assert numpy(loss.bernoulli_loss([[1.0]], [[0.0]])) == pytest.approx([-np.log(1e-4)], rel=1e-3)


def test_labelled():
    found = numpy(loss.labelled_loss(COSTS, LOGIT, np.array([1, 0]), 0.1))
    expected = np.array([5.0, 7.0]) + np.log(2) - 0.1 * np.log([0.75, 0.8])
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_unlabelled():
    found = numpy(loss.unlabelled_loss(COSTS, LOGIT))
    # sum_y q (L + log q)
    expected = (Q * (COSTS + np.log(2) + np.log(Q))).sum(axis=1)
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_huge_logits_are_finite():
    found = numpy(loss.unlabelled_loss(COSTS, np.array([1e4, -1e4], "float32")))
    np.testing.assert_allclose(found, np.array([5.0, 7.0]) + np.log(2), rtol=1e-5)


def test_the_objective_is_the_sum_of_two_means():
    costs, logit = np.repeat(COSTS, 2, axis=0), np.repeat(LOGIT, 2)
    label = np.array([-1, 0, 0, 0], "float32")
    found = numpy(loss.semi_supervised(costs, logit, label, alpha=0.1, labelled_share=0.25))
    labelled = numpy(loss.labelled_loss(costs[:1], logit[:1], np.array([1]), 0.1 * 3))
    unlabelled = numpy(loss.unlabelled_loss(costs[1:], logit[1:]))
    assert found.mean() == pytest.approx(labelled.mean() + unlabelled.mean(), rel=1e-5)


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_samples_of_one_kind(share):
    label = np.full(2, -share, "float32")
    found = loss.semi_supervised(COSTS, LOGIT, label, alpha=0.1, labelled_share=share)
    plain = (
        loss.labelled_loss(COSTS, LOGIT, np.array([1, 1]), 0.1)
        if share
        else loss.unlabelled_loss(COSTS, LOGIT)
    )
    np.testing.assert_allclose(numpy(found), numpy(plain), rtol=1e-6)
