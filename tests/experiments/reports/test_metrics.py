"""Metrics of the protocols, by hand and against slow ways to compute them."""

import itertools

import numpy as np
import pytest
from sklearn.metrics import f1_score, roc_auc_score

from kerasocc.experiments.reports.metrics import f1_at_ratio, frame_auc


@pytest.mark.parametrize(
    ("labels", "scores", "expected"),
    [
        # Two anomalies, so the two largest scores are flagged: one of them is an anomaly.
        ([0, 1, 1, 0], [0.1, 0.9, 0.2, 0.3], 1 / 2),
        ([0, 0, 1, 1], [1, 2, 3, 4], 1.0),
        ([1, 1, 0, 0], [1, 2, 3, 4], 0.0),
        ([1, 0, 1, 0, 1, 0], [9, 8, 7, 6, 5, 4], 2 / 3),
        # One above the cut; one of three that tie is flagged, an anomaly with chance 1/3.
        ([1, 1, 0, 0, 0], [9, 5, 5, 5, 1], (1 + 1 / 3) / 2),
        # The normal one above the cut; the tie at the cut is of anomalies alone.
        ([0, 1, 1, 0], [9, 5, 5, 1], 1 / 2),
        # All scores alike: chance.
        ([0, 1, 0, 0], [7, 7, 7, 7], 1 / 4),
        # A tie that does not reach the cut changes nothing.
        ([1, 0, 0, 0], [3, 1, 1, 1], 1.0),
        ([False, True], [-2.0, -1.0], 1.0),
    ],
)
def test_f1_by_hand(labels, scores, expected):
    assert f1_at_ratio(labels, scores) == pytest.approx(expected)


def test_f1_is_that_of_the_flagged_samples(random):
    for _ in range(20):
        labels = random.permutation(np.repeat([0, 1], [30, 7]))
        scores = random.normal(size=37) + labels
        flagged = np.zeros(37, int)
        flagged[np.argsort(scores)[-7:]] = 1
        assert f1_at_ratio(labels, scores) == pytest.approx(f1_score(labels, flagged))


def test_ties_are_the_mean_over_all_orders(random):
    for _ in range(5):
        labels = random.permutation([0, 0, 0, 1, 1, 1])
        scores = random.integers(0, 3, size=6)
        values = []
        for order in map(list, itertools.permutations(range(6))):
            flagged = np.array(order)[np.argsort(scores[order], kind="stable")[-3:]]
            values.append(labels[flagged].mean())  # three flagged, three anomalies
        assert f1_at_ratio(labels, scores) == pytest.approx(np.mean(values))


def test_frames_of_all_videos_are_ranked_together():
    labels = {"a": np.array([0, 1]), "b": np.array([1, 1]), "c": np.array([0])}
    scores = {"b": np.array([2.0, 9.0]), "c": np.array([3.0]), "a": np.array([1.0, 8.0])}
    # Anomalies 8, 2, 9 against normal 1, 3: five of six pairs are right.
    assert frame_auc(labels, scores) == pytest.approx(5 / 6)
    assert frame_auc([0, 1, 1, 1, 0], [1, 8, 2, 9, 3]) == pytest.approx(5 / 6)


def test_ties_count_half():
    assert frame_auc([0, 1], [1, 1]) == roc_auc_score([0, 1], [1, 1]) == 0.5


@pytest.mark.parametrize("metric", [f1_at_ratio, frame_auc])
@pytest.mark.parametrize(
    ("labels", "scores", "message"),
    [
        ([0, 1], [1.0, 2.0, 3.0], r"shapes \(2,\) and \(3,\)"),
        ([[0, 1]], [[1.0, 2.0]], r"shape \(samples,\). Received: shapes \(1, 2\)"),
        ([0, 0], [1.0, 2.0], r"both 0 \(normal\) and 1 \(anomaly\). Received: values \[0\]"),
        ([1, 1], [1.0, 2.0], r"Received: values \[1\]"),
        ([-1, 0, 1], [1.0, 2.0, 3.0], r"Received: values \[-1, 0, 1\]"),
        ([], [], r"Received: values \[\]"),
        ([0, 1, 1], [1.0, np.nan, np.inf], "`scores` must be finite. Received: 2 .* at index 1"),
    ],
)
def test_bad_input(metric, labels, scores, message):
    with pytest.raises(ValueError, match=message):
        metric(labels, scores)


def test_videos_that_do_not_fit():
    labels = {"a": np.array([0, 1]), "b": np.array([1])}
    with pytest.raises(ValueError, match="same frames of 'b'. Received: 1 labels and 2 scores"):
        frame_auc(labels, {"a": np.zeros(2), "b": np.zeros(2)})
    with pytest.raises(ValueError, match="same frames of 'c'. Received: 0 labels and 3 scores"):
        frame_auc(labels, {"a": np.zeros(2), "b": np.zeros(1), "c": np.zeros(3)})
