"""Ranks, intervals and the critical difference, by hand and by the textbook."""

import numpy as np
import pytest

from benchmarks.detection.statistics import cliques, critical_difference, paired_interval, ranks


def test_ranks_by_hand():
    aucs = np.array([[0.9, 0.8, 0.9, 0.7], [0.5, 0.6, np.nan, np.nan], [0.1, 0.2, 0.3, 0.4]])
    expected = [[1.5, 3, 1.5, 4], [2, 1, 3.5, 3.5], [4, 3, 2, 1]]
    np.testing.assert_array_equal(ranks(aucs), expected)


def test_interval_of_equal_differences_is_a_point():
    assert paired_interval(np.full(7, 0.25)) == (0.25, 0.25, 0.25)


def test_interval_by_all_samples_of_two():
    # Of the four samples of two data sets a quarter has the mean 0 and a quarter the mean 1.
    assert paired_interval(np.array([0.0, 1.0]), confidence=0.4) == (0.5, 0.5, 0.5)
    assert paired_interval(np.array([0.0, 1.0]), confidence=0.6) == (0.5, 0.0, 1.0)


def test_interval_is_near_that_of_the_normal_distribution(random):
    differences = random.normal(1.0, 2.0, size=400)
    interval = paired_interval(differences)
    half = 1.96 * differences.std() / 20
    assert interval.mean == pytest.approx(differences.mean())
    assert interval.low == pytest.approx(differences.mean() - half, abs=0.02)
    assert interval.high == pytest.approx(differences.mean() + half, abs=0.02)


@pytest.mark.parametrize(
    ("detectors", "problems", "alpha", "expected"),
    [
        # Demsar 2006, section 3.2.2: four algorithms on 14 data sets.
        (4, 14, 0.05, 1.25),
        (4, 14, 0.10, 1.12),
        # Table 5(a): q of 1.960 for two and 3.164 for ten.
        (2, 1, 0.05, 1.960),
        (10, 1, 0.05, 3.164 * np.sqrt(110 / 6)),
    ],
)
def test_critical_difference_of_the_textbook(detectors, problems, alpha, expected):
    found = critical_difference(detectors, problems, alpha=alpha)
    assert found == pytest.approx(expected, abs=6e-3)


def test_cliques_by_hand():
    mean_ranks = np.array([1.0, 1.5, 2.5, 4.0, 4.2])
    assert cliques(mean_ranks, 1.0) == [(0, 1), (1, 2), (3, 4)]
    assert cliques(mean_ranks, 1.5) == [(0, 2), (2, 3), (3, 4)]
    assert cliques(mean_ranks, 5.0) == [(0, 4)]
    assert cliques(mean_ranks, 0.1) == []
