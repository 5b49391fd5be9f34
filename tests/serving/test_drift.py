"""The test for drift: by hand, against SciPy's, and how often it alarms for nothing."""

import numpy as np
import pytest
from scipy import stats

from kerasocc.engine.calibration import p_values
from kerasocc.serving.drift import LastScores, drift_between


def test_by_hand():
    # Below 3 lie two thirds of the reference and none of the new ones.
    found = drift_between(np.array([1.0, 2, 4]), np.array([3.0, 5]))
    assert found.distance == pytest.approx(2 / 3)
    assert found.higher and found.samples == 2
    assert not drift_between(np.array([3.0, 5]), np.array([1.0, 2, 4])).higher
    assert drift_between(np.arange(9.0), np.arange(9.0)) == (9, 0, 1, False)


@pytest.mark.parametrize(("n", "m"), [(50, 80), (400, 90), (1000, 1000)])
@pytest.mark.parametrize("decimals", [8, 0])
def test_as_scipy(n, m, decimals):
    random = np.random.default_rng(n + m)
    for shift in (0, 0.1, 0.3):
        a, b = random.normal(size=n).round(decimals), random.normal(shift, size=m).round(decimals)
        found = drift_between(a, b)
        wanted = stats.ks_2samp(a, b, method="exact")
        assert found.distance == pytest.approx(wanted.statistic, abs=1e-12)
        assert found.higher == (wanted.statistic_sign == 1)
        limit = stats.kstwobign.sf(found.distance * np.sqrt(n * m / (n + m)))
        assert found.probability == pytest.approx(limit, abs=1e-9)
        assert found.probability >= wanted.pvalue - 0.01


def test_the_distance_is_that_of_the_p_values_from_uniform_ones():
    random = np.random.default_rng(0)
    reference, new = np.sort(random.normal(size=200)), random.normal(0.4, size=70)
    found = drift_between(reference, new)
    p = p_values(reference, new)
    grid = np.arange(1, 202) / 201
    distance = max(abs((p <= t).mean() - t) for t in grid)
    assert distance == pytest.approx(found.distance, abs=1 / 201)


def rate_of_alarms(draw, n, m, times, alpha, seed=0):
    random = np.random.default_rng(seed)
    found = [drift_between(draw(random, n), draw(random, m)).probability for _ in range(times)]
    return np.mean(np.array(found) <= alpha)


@pytest.mark.parametrize(
    ("n", "m", "least"), [(100, 100, 0.02), (200, 1000, 0.03), (500, 60, 0.03)]
)
def test_its_rate_of_false_alarms(n, m, least):
    rate = rate_of_alarms(lambda random, k: random.gamma(2, size=k), n, m, 1500, 0.05)
    # Conservative, not idle: three standard errors above 0.05 are 0.067.
    assert least <= rate <= 0.067


@pytest.mark.slow
@pytest.mark.parametrize("n", [30, 100, 1000])
@pytest.mark.parametrize("m", [30, 100, 1000])
@pytest.mark.parametrize("alpha", [0.01, 0.05])
def test_its_rate_of_false_alarms_for_many_sizes(n, m, alpha):
    error = 3 * np.sqrt(alpha * (1 - alpha) / 5000)
    for draw in (lambda r, k: r.normal(size=k), lambda r, k: r.poisson(3, size=k)):
        assert rate_of_alarms(draw, n, m, 5000, alpha) <= alpha + error


def test_comparing_with_uniform_p_values_would_alarm_too_often():
    # Why the calibration counts as a sample: 100 scores, windows of 1000.
    random = np.random.default_rng(0)
    alarms = []
    for _ in range(200):
        reference = np.sort(random.normal(size=100))
        p = p_values(reference, random.normal(size=1000))
        alarms.append(stats.kstest(p, "uniform").pvalue <= 0.05)
    assert np.mean(alarms) > 0.5


def test_it_finds_drift():
    random = np.random.default_rng(0)
    found = [
        drift_between(random.normal(size=500), random.normal(0.5, size=200)).probability
        for _ in range(100)
    ]
    assert np.mean(np.array(found) <= 0.01) > 0.95


def test_what_cannot_be_compared():
    with pytest.raises(ValueError, match="`new` must hold numbers, one or more. Received: none"):
        drift_between(np.ones(3), np.ones(0))
    with pytest.raises(ValueError, match="`reference` must hold numbers.* Received: NaN"):
        drift_between(np.array([1, np.nan]), np.ones(3))


def test_last_scores_by_count():
    reference = np.arange(100.0)
    last = LastScores(reference, most=10, least=4)
    last.add(np.arange(3.0))
    assert last.drift() is None
    for start in range(0, 60, 3):
        last.add(np.arange(start, start + 3.0))
    # The ten from 50 to 59.
    assert last.drift() == drift_between(reference, np.arange(50.0, 60))
    last.add(np.arange(25.0))
    assert last.drift() == drift_between(reference, np.arange(15.0, 25))


def test_last_scores_by_time():
    reference = np.arange(100.0)
    last = LastScores(reference, most=1000, seconds=60, least=4)
    for now in range(0, 200, 10):
        last.add(np.array([now]), now=now)
    # Those of 140, ..., 190.
    assert last.drift(now=195) == drift_between(reference, np.arange(140.0, 200, 10))
    assert last.drift(now=210).samples == 5
    assert last.drift(now=230) is None
