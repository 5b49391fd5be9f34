"""Metrics of samples with labels of both classes, of one, and without labels."""

import numpy as np
import pytest

from kerasocc.experiments.reports.evaluation import evaluate, in_words, rate_interval


@pytest.mark.parametrize(
    ("happened", "count", "low", "high"),
    [
        # Without an event the upper end solves (1 - p)^n = 0.025.
        (0, 20, 0.0, 1 - 0.025 ** (1 / 20)),
        (3, 3, 0.025 ** (1 / 3), 1.0),
        # Tables of Clopper and Pearson: 1 of 10.
        (1, 10, 0.0025, 0.4450),
    ],
)
def test_the_interval_of_a_rate(happened, count, low, high):
    found = rate_interval(np.arange(count) < happened)
    np.testing.assert_allclose(found, [low, high], atol=5e-5)
    assert rate_interval(np.zeros(0, bool)) is None


def test_samples_without_labels_have_a_rate_and_no_auc():
    scores = np.arange(20.0)
    results = evaluate(np.zeros(20), scores, 17.5, labelled=False)
    assert results["auc"] is None and results["average_precision"] is None
    assert results["true_positive_rate"] is None
    assert (results["flagged"], results["false_positive_rate"]) == (2, 0.1)
    words = in_words(results)
    assert "AUC" not in words and "Average precision" not in words
    assert words["Samples"] == "20 without labels"
    assert words["Flagged"] == "2 of 20 samples (10.0 %)"
    expected = "10.0 %, 95 % interval 1.2 to 31.7 %, if all of them are normal"
    assert words["False positives"] == expected


def test_samples_of_one_class():
    scores = np.arange(20.0)
    normal = in_words(evaluate(np.zeros(20), scores, 17.5))
    assert normal["Samples"] == "20 normal, 0 anomalous"
    assert normal["False positives"] == "10.0 %, 95 % interval 1.2 to 31.7 %"
    anomalous = in_words(evaluate(np.ones(20), scores, 17.5))
    assert anomalous["Flagged"] == "10.0 % of the samples, all of them anomalies"
    assert "False positives" not in anomalous and "AUC" not in anomalous


def test_samples_of_both_classes():
    results = evaluate(np.repeat([0, 1], 10), np.arange(20.0), 8.5)
    assert (results["auc"], results["false_positive_rate"]) == (1.0, 0.1)
    words = in_words(results)
    assert words["AUC"] == "100.00 %"
    shares = "10.0 % of the normal ones, 100.0 % of the anomalies"
    assert words["Flagged"] == f"55.0 % of the samples: {shares}"
    assert set(in_words(evaluate(np.zeros(3), np.arange(3.0), None))) == {"Samples"}
