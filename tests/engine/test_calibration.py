"""Thresholds, p-values and decisions from scores: by hand, in the limit, and what they promise."""

import itertools

import numpy as np
import pytest
from scipy.stats import beta, binom, kstest

from kerasocc.engine.calibration import (
    confidence_of,
    conformal_calibration,
    p_values,
    select_by_fdr,
    threshold_at,
    threshold_interval,
)
from kerasocc.engine.graph_ranks import p_values_in_graph

NINE = np.random.default_rng(0).permutation(np.arange(1.0, 10.0)).astype("float32")


# The threshold.


@pytest.mark.parametrize(
    ("fpr", "threshold"),
    # The floor(10 fpr)-th largest of 1, ..., 9.
    [(0.1, 9), (0.2, 8), (0.35, 7), (0.5, 5), (0.9, 1), (0.999, 1), (0.05, 9), (0.0, 9)],
)
def test_the_threshold_by_hand(fpr, threshold):
    found = conformal_calibration(NINE, fpr)
    assert (found.samples, found.wanted_rate, found.threshold) == (9, fpr, threshold)
    assert found.expected_rate == (10 - threshold) / 10
    assert found.has_too_few_samples == (fpr == 0.05)


def test_it_is_not_the_plain_quantile():
    scores = np.arange(20.0)
    assert threshold_at(scores, 0.1) == 17
    assert conformal_calibration(scores, 0.1).threshold == 18


@pytest.mark.parametrize(("samples", "fpr", "rank"), [(99, 0.29, 29), (99, 0.07, 7), (8, 1 / 9, 1)])
def test_products_that_are_whole_are_not_rounded_down(samples, fpr, rank):
    found = conformal_calibration(np.arange(samples), fpr)
    assert found.threshold == samples - rank and not found.has_too_few_samples


def test_a_single_score():
    found = conformal_calibration(np.array([3.0]), 0.5)
    assert (found.threshold, found.expected_rate, found.has_too_few_samples) == (3.0, 0.5, False)
    # Beta(1, 1) is uniform.
    np.testing.assert_allclose(found.interval, [0.025, 0.975])
    assert conformal_calibration(np.array([3.0]), 0.49).has_too_few_samples
    # Not one rank too many where the rate is nearly 1.
    assert conformal_calibration(np.array([3.0]), 1 - 1e-12).expected_rate == 0.5


def test_intervals_by_hand():
    # Beta(1, n) has the distribution function 1 - (1 - x)^n, Beta(n, 1) has x^n.
    found = conformal_calibration(np.arange(21.0), 0.05).interval
    np.testing.assert_allclose(found, [1 - 0.975 ** (1 / 21), 1 - 0.025 ** (1 / 21)])
    np.testing.assert_allclose(found, [0.0012, 0.161], atol=5e-4)
    found = conformal_calibration(np.arange(21.0), 21 / 22).interval
    np.testing.assert_allclose(found, [0.025 ** (1 / 21), 0.975 ** (1 / 21)])


@pytest.mark.parametrize(("samples", "fpr"), [(30, 0.1), (21, 0.05), (7, 0.3), (199, 0.05)])
def test_the_true_rate_has_the_beta_distribution(samples, fpr):
    random = np.random.default_rng(1)
    draws = [conformal_calibration(random.uniform(size=samples), fpr) for _ in range(4000)]
    # Of uniform scores the share above t is 1 - t.
    rates = np.array([1 - found.threshold for found in draws])
    rank = int((samples + 1) * fpr)
    assert kstest(rates, beta(rank, samples + 1 - rank).cdf).pvalue > 0.01
    error = rates.std() / np.sqrt(len(rates))
    assert rates.mean() == pytest.approx(draws[0].expected_rate, abs=4 * error)
    assert draws[0].expected_rate <= fpr
    low, high = draws[0].interval
    assert np.mean((low < rates) & (rates < high)) == pytest.approx(0.95, abs=0.015)


@pytest.mark.parametrize(("samples", "fpr"), [(30, 0.1), (9, 0.25), (60, 0.05)])
def test_ties_do_not_exceed_the_rate(samples, fpr):
    random = np.random.default_rng(2)
    # A tenth of all scores is equal to each of 0, ..., 9.
    scores = random.integers(0, 10, size=(4000, samples))
    thresholds = np.array([conformal_calibration(s, fpr).threshold for s in scores])
    above, at_least = (9 - thresholds) / 10, (10 - thresholds) / 10
    assert above.mean() <= fpr
    # What the comparison is for: `>=` breaks the promise.
    assert at_least.mean() > fpr


# p-values.


def test_p_values_by_hand():
    calibration = np.array([1.0, 2.0, 2.0, 5.0])
    found = p_values(calibration, np.array([0.0, 1.0, 1.5, 2.0, 3.0, 5.0, 6.0]))
    np.testing.assert_allclose(found, [1.0, 1.0, 0.8, 0.8, 0.4, 0.4, 0.2])
    np.testing.assert_allclose(p_values(np.array([1.0]), np.array([1.0, 2.0])), [1.0, 0.5])


@pytest.mark.parametrize("levels", [None, 6])
def test_p_values_of_normal_samples_are_not_too_small(levels):
    random = np.random.default_rng(3)

    def draw(*size):
        return random.uniform(size=size) if levels is None else random.integers(levels, size=size)

    calibration, new = np.sort(draw(20000, 19)), draw(20000, 1)
    found = np.concatenate([p_values(s, x) for s, x in zip(calibration, new, strict=True)])
    for rate in (0.05, 0.1, 0.33, 0.5, 0.95):
        share, error = np.mean(found <= rate + 1e-9), 4 * np.sqrt(rate * (1 - rate) / 20000)
        assert share <= rate + error
        if levels is None:
            assert share == pytest.approx(np.floor(20 * rate + 1e-9) / 20, abs=error)


@pytest.mark.parametrize("samples", [1, 2, 10, 57])
@pytest.mark.parametrize("levels", [4, 1000])
def test_flagged_is_what_has_a_p_value_of_at_most_the_rate(samples, levels):
    random = np.random.default_rng(4)
    new = np.arange(-1, levels + 1)
    for fpr in (0.02, 0.1, 0.5, 0.7, 0.99):
        calibration = np.sort(random.integers(levels, size=samples))
        found = conformal_calibration(calibration, fpr)
        at_most = p_values(calibration, new) <= max(fpr, 1 / (samples + 1))
        np.testing.assert_array_equal(new > found.threshold, at_most)


@pytest.mark.parametrize("samples", [*range(1, 18), 100, 1023, 1024, 1025])
def test_p_values_in_a_graph(samples):
    random = np.random.default_rng(samples)
    calibration = np.sort(random.integers(0, 1 + samples // 2, size=samples)).astype("float32")
    new = np.concatenate([calibration, calibration + 0.5, [-1.0, np.inf, -np.inf]])
    found = np.array(p_values_in_graph(calibration, new.astype("float32")))
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, p_values(calibration, new), rtol=1e-6)
    nothing, unknown = (
        np.array(p_values_in_graph(calibration, np.array(x, "float32"))) for x in ([], [np.nan])
    )
    assert nothing.shape == (0,) and unknown == [1.0]


# Selections.


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        # At a rate of 0.05 the bounds of four are 0.0125, 0.025, 0.0375 and 0.05.
        ([0.01, 0.04, 0.03, 0.005], [1, 1, 1, 1]),
        ([0.01, 0.2, 0.03, 0.02], [1, 0, 1, 1]),
        # The second is above its bound, but the third is not above its own.
        ([0.012, 0.03, 0.036, 0.9], [1, 1, 1, 0]),
        ([0.9, 0.013, 0.9, 0.9], [0, 0, 0, 0]),
        ([0.0125, 0.6, 0.9, 0.9], [1, 0, 0, 0]),
        ([0.05], [1]),
        ([0.051], [0]),
        ([], []),
    ],
)
def test_the_selection_by_hand(values, expected):
    found = select_by_fdr(np.array(values), 0.05)
    assert found.dtype == bool
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("tenths", [1, 3])
def test_bounds_that_are_met_exactly_count(tenths):
    # a / n is exactly the bound k fdr / m, which products of floats may miss.
    for n, a, m in itertools.product(range(2, 40), range(1, 20), range(1, 20)):
        k, rest = divmod(10 * a * m, tenths * n)
        if a < n and not rest and k <= m:
            values = np.where(np.arange(m) < k, a / n, 1.0)
            assert select_by_fdr(values, tenths / 10).sum() == k


def test_few_of_the_selected_are_normal():
    random = np.random.default_rng(5)
    false, found = [], []
    for _ in range(1000):
        calibration = np.sort(random.normal(size=500))
        scores = random.normal(size=100)
        scores[:20] += 4.0
        selected = select_by_fdr(p_values(calibration, scores), 0.2)
        false.append(selected[20:].sum() / max(selected.sum(), 1))
        found.append(selected[:20].mean())
    assert 0.1 < np.mean(false) <= 0.2
    assert np.mean(found) > 0.8


# Confidence.


def test_confidence_by_hand():
    values = np.array([0.1, 0.4, 0.7, 1.0])
    np.testing.assert_allclose(confidence_of(values, 0.4), [0.875, 0.5, 0.25, 0.0])
    np.testing.assert_allclose(confidence_of(np.array([0.5, 1.0]), 1.0), [0.75, 0.5])


@pytest.mark.parametrize("samples", [1, 2, 5, 300])
@pytest.mark.parametrize("fpr", [0.0, 0.05, 0.5, 0.98])
def test_confidence_follows_score_and_threshold(samples, fpr):
    random = np.random.default_rng(6)
    calibration = np.sort(random.normal(size=samples))
    found = conformal_calibration(calibration, fpr)
    threshold = found.threshold
    scores = np.sort(np.concatenate([random.normal(size=500) * 2, calibration, [-9.0, 9.0]]))
    at_threshold = p_values(calibration, np.array([threshold]))[0]
    confidence = confidence_of(p_values(calibration, scores), at_threshold)
    assert (np.diff(confidence) >= 0).all() and 0 <= confidence[0] and confidence[-1] <= 1
    np.testing.assert_array_equal(confidence > 0.5, scores > threshold)
    np.testing.assert_array_equal(confidence[scores == threshold], 0.5)
    rank = round(found.expected_rate * (samples + 1))
    assert confidence[-1] == pytest.approx(1 - 1 / (2 * (rank + 1)))


def test_the_interval_of_a_threshold_by_hand():
    # Of 9 scores a number with the distribution Bin(9, 1/2) is above the median: from 2 to 7 with
    # 96 %, so that it lies between the 8th and the 2nd largest.
    assert binom.cdf(1, 9, 0.5) < 0.025 < binom.cdf(2, 9, 0.5)
    assert threshold_interval(NINE, 0.5) == (2.0, 8.0)
    # At a rate of 5 % it can be beyond the largest of so few, and above the 3rd largest it is.
    assert binom.cdf(1, 9, 0.05) < 0.975 < binom.cdf(2, 9, 0.05)
    assert threshold_interval(NINE, 0.05) == (7.0, None)
    assert threshold_interval(NINE[:1], 0.5) == (None, None)


def test_the_interval_of_a_threshold_holds_what_it_promises():
    random = np.random.default_rng(0)
    truth, misses = -np.log(0.1), 0
    for _ in range(2000):
        low, high = threshold_interval(random.exponential(size=100), 0.1)
        misses += not low <= truth <= high
    assert 0.02 < misses / 2000 < 0.05, "5 % at most, less because ranks are whole numbers"
