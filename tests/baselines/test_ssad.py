"""SSAD: by hand, as a one-class SVM, with labels, and what it refuses."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score
from sklearn.svm import OneClassSVM

from kerasocc.baselines import SSAD


def test_without_labels_it_is_a_one_class_svm(random):
    x, new = random.normal(size=(120, 4)), 2 * random.normal(size=(50, 4))
    nu = 0.2
    ours = SSAD(eta_unlabelled=1 / (nu * 120)).fit(x).score(new)
    # scikit-learn's dual variables are those of ours times nu n.
    theirs = -OneClassSVM(nu=nu, gamma="scale", tol=1e-10).fit(x).decision_function(new)
    np.testing.assert_allclose(ours, theirs / (nu * 120), atol=1e-5)
    assert ours.std() > 1e-3


def test_by_hand():
    # Two samples, one of them a labelled anomaly, k = exp(-1): the dual is least at
    # a_1 - a_2 = 1, a_2 >= kappa = 1, so at (2, 1); rho + gamma = k a_1 - a_2 ... by the slopes
    # a_1 - k a_2 = rho and k a_1 - a_2 = rho - gamma.
    x, k = np.array([[0.0], [1.0]]), np.exp(-1)
    model = SSAD(gamma=1.0, eta_unlabelled=3.0, eta_anomaly=3.0).fit(x, [0, -1])
    np.testing.assert_allclose(model._factors, [2.0, -1.0], atol=1e-6)
    np.testing.assert_allclose(model.score(x), [0.0, (2 - k) - (2 * k - 1)], atol=1e-6)


def test_labels_move_the_boundary(random):
    # Anomalies beside the normal samples on one side, new ones on both.
    normal = random.uniform(-1, 1, size=(200, 2))
    right = random.normal(size=(20, 2)) * 0.05 + [1.3, 0.0]
    x, y = np.concatenate([normal, right]), np.repeat([0, -1], [200, 20])
    new, truth = np.concatenate([normal, right + 0.01]), np.repeat([0, 1], [200, 20])
    model, without = SSAD().fit(x, y), SSAD().fit(normal)
    assert roc_auc_score(truth, model.score(new)) > 0.99
    sides = np.array([[1.1, 0.0], [-1.1, 0.0]])
    assert np.subtract(*model.score(sides)) > 2 * abs(np.subtract(*without.score(sides)))


def test_labelled_normal_samples(random):
    x = random.normal(size=(60, 2))
    far = np.array([[4.0, 4.0]])
    before = SSAD(seed=0).fit(x).score(far)[0]
    y = np.append(np.zeros(60), 1)
    with pytest.warns(UserWarning, match="0 and [+]1 but no -1"):
        model = SSAD(seed=0).fit(np.concatenate([x, far]), y)
    after = model.score(far)[0]
    assert after < 0 < before


def test_many_samples_are_drawn(random):
    x = random.normal(size=(300, 2))
    y = np.repeat([0, -1], [200, 100])
    chosen = SSAD(max_samples=50, seed=1)._chosen(y)
    assert len(chosen) == 50 and (y[chosen] < 0).sum() == 25
    y = np.repeat([0, -1], [290, 10])
    chosen = SSAD(max_samples=50, seed=1)._chosen(y)
    assert (y[chosen] < 0).sum() == 10
    first, second = (SSAD(max_samples=50, seed=1).fit(x, y).score(x) for _ in range(2))
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize(
    ("options", "error"),
    [
        (dict(kappa=-1), "`kappa` must be a finite number that is not negative"),
        (dict(eta_anomaly=0), "`eta_anomaly` must be a finite number above 0"),
        (
            dict(gamma="auto"),
            "`gamma` must be 'scale' or a finite number above 0. Received: gamma='auto'",
        ),
    ],
)
def test_bad_arguments(options, error):
    with pytest.raises(ValueError, match=error):
        SSAD(**options)


def test_weights_that_are_too_small(random):
    x = random.normal(size=(20, 2))
    with pytest.raises(ValueError, match="must be above 1 together. Received: 0.01 for 20 and"):
        SSAD(eta_unlabelled=0.01).fit(x)
    # No error for the others: one label can weigh no more than its eta.
    x[-1] = 10
    assert SSAD(eta_anomaly=0.2).fit(x, np.append(np.zeros(19), -1)).score(x).argmax() == 19
