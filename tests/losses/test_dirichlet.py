"""Dirichlet distributions: the estimate of known ones, the iteration and its parts."""

import numpy as np
import pytest
from scipy.special import digamma
from scipy.stats import dirichlet as scipy_dirichlet

from kerasocc.losses import dirichlet


def estimate(samples):
    return dirichlet.maximum_likelihood(samples.mean(axis=0), np.log(samples).mean(axis=0))


@pytest.mark.parametrize(
    "alpha", [[1.0, 1.0, 1.0], [0.3, 2.0, 5.0, 0.7], [30.0, 10.0], [0.05, 0.05, 8.0]]
)
def test_the_parameters_of_drawn_samples_are_found(alpha, random):
    samples = np.maximum(random.dirichlet(alpha, size=20_000), 1e-300)
    found = estimate(samples)
    np.testing.assert_allclose(found, alpha, rtol=0.06)
    # Nothing near is more likely.
    best = scipy_dirichlet(found)
    normalized = samples / samples.sum(axis=1, keepdims=True)
    inside = normalized[(normalized > 1e-200).all(axis=1)][:2000].T
    assert np.isfinite(best.logpdf(inside)).all()


def test_the_likelihood_is_stationary(random):
    samples = random.dirichlet([0.5, 3.0, 1.5], size=400)
    found = estimate(samples)
    # Gradient of the log-likelihood per sample (Minka 2000, eq. 6).
    gradient = digamma(found.sum()) - digamma(found) + np.log(samples).mean(axis=0)
    np.testing.assert_allclose(gradient, 0.0, atol=1e-7)
    # Both methods rest there, and both lead there.
    mean_log = np.log(samples).mean(axis=0)[None]
    for step in (dirichlet.fixed_point_step, dirichlet.newton_step):
        np.testing.assert_allclose(step(found[None], mean_log), found[None], rtol=1e-7)
        alpha = 1.3 * found[None]
        for _ in range(60):
            alpha = step(alpha, mean_log)
        np.testing.assert_allclose(alpha, found[None], rtol=1e-4)


def test_several_distributions_at_once(random):
    samples = [random.dirichlet(alpha, size=300) for alpha in ([1, 2, 3], [9, 1, 0.5])]
    mean_p = np.stack([s.mean(axis=0) for s in samples])
    mean_log_p = np.stack([np.log(s).mean(axis=0) for s in samples])
    found = dirichlet.maximum_likelihood(mean_p, mean_log_p)
    for row, sample in zip(found, samples, strict=True):
        np.testing.assert_allclose(row, estimate(sample), rtol=1e-7)


def test_the_first_estimate_by_hand():
    # Two observations, (1/4, 3/4) and (3/4, 1/4): f = (1/2, 1/2), mean log p = log(3/16) / 2.
    mean_p, mean_log_p = np.full(2, 0.5), np.full(2, np.log(3 / 16) / 2)
    divergence = np.log(0.5) - np.log(3 / 16) / 2
    expected = 0.5 * np.euler_gamma / divergence
    found = dirichlet.initial_parameters(mean_p, mean_log_p)
    np.testing.assert_allclose(found, [expected, expected], rtol=1e-12)


def test_the_inverse_of_psi():
    x = np.logspace(-4, 6, 200)
    np.testing.assert_allclose(dirichlet.inverse_digamma(digamma(x)), x, rtol=1e-9)


@pytest.mark.parametrize("p", [[0.2, 0.3, 0.5], [1.0, 1e-37, 1e-37]])
def test_equal_observations_give_finite_parameters(p):
    # Their likelihood grows without end.
    found = dirichlet.maximum_likelihood(np.array(p), np.log(p))
    assert np.isfinite(found).all() and (found > 0).all()
    np.testing.assert_allclose(found / found.sum(), p, rtol=1e-2, atol=1e-2)
