"""Thresholds by `contamination`: exact for training samples, right for new ones."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.metrics import roc_auc_score

from kerasocc import NearestNeighbors
from kerasocc.estimators import (
    DeepSADDetector,
    EnsembleDetector,
    NearestNeighborsDetector,
    PyODAdapter,
)


def of_networks_and_neighbours():
    members = [DeepSADDetector(steps=20, hidden=(8,)), NearestNeighborsDetector(k=2)]
    return EnsembleDetector(detectors=members, contamination=0.1, random_state=0)


@pytest.mark.parametrize(
    "detector",
    [
        NearestNeighborsDetector(contamination=0.1, random_state=0),
        NearestNeighborsDetector(contamination=0.1, random_state=0, k=1, subsets=100),
        EnsembleDetector(
            detectors=[NearestNeighborsDetector(k=2)], contamination=0.1, random_state=0
        ),
    ],
    ids=["neighbours", "subsets", "ensemble"],
)
def test_new_samples_are_flagged_as_training_samples_are(detector, random):
    x, new = random.normal(size=(200, 20)), random.normal(size=(2000, 20))
    flagged = detector.fit_predict(x) == -1
    assert flagged.sum() == 20
    # All of them were, when the threshold was that of samples which are their own neighbours.
    assert 0.03 < (detector.predict(new) == -1).mean() < 0.2
    outside = np.linalg.norm(x, axis=1)
    assert outside[flagged].mean() > outside[~flagged].mean() + 0.5


def test_few_images_are_told_apart(random):
    normal, strange = random.normal(0.5, 0.15, (54, 12, 12, 1)), random.normal(0.5, 0.35, (6, 144))
    x = np.concatenate([normal, strange.reshape(6, 12, 12, 1)]).clip(0, 1).astype("float32")
    detector = EnsembleDetector(contamination=0.1, random_state=0)
    flagged = detector.fit_predict(x) == -1
    assert flagged.sum() == 6 and flagged[54:].sum() >= 5
    new = random.normal(0.5, 0.15, (100, 12, 12, 1)).clip(0, 1).astype("float32")
    assert (detector.predict(new) == -1).mean() < 0.3


def test_anomalies_that_are_alike_may_be_a_tenth(random):
    x, new = (
        np.concatenate([random.normal(size=(n, 3)), random.normal(4, 0.05, (n // 9, 3))])
        for n in (270, 450)
    )
    labels = np.arange(len(new)) >= 450
    subsets = NearestNeighborsDetector(contamination=0.1, k=1, subsets=100, random_state=0)
    usual = NearestNeighborsDetector(contamination=0.1, random_state=0)
    scores = [-detector.fit(x).score_samples(new) for detector in (subsets, usual)]
    assert roc_auc_score(labels, scores[0]) > 0.97
    assert roc_auc_score(labels, scores[1]) < 0.1


def test_labelled_anomalies_set_a_threshold_too(random):
    x, y = random.normal(size=(200, 20)), np.zeros(200, int)
    x[:6], y[:6] = x[:6] + 4, -1
    detector = of_networks_and_neighbours()
    flagged = detector.fit_predict(x, y) == -1
    assert flagged.sum() == 20 and flagged[:6].all()
    assert 0.02 < (detector.predict(random.normal(size=(2000, 20))) == -1).mean() < 0.2


def test_labels_reach_fit_predict(random):
    x, y = random.normal(size=(60, 4)), np.zeros(60, int)
    y[:6] = -1
    found = {}
    for labels in (None, y):
        detector = DeepSADDetector(steps=20, hidden=(8,), contamination=0.1, random_state=0)
        detector.fit_predict(x, labels)
        found[labels is None] = detector.model_.score(x)
        expected = clone(detector).fit(x, labels).model_.score(x)
        np.testing.assert_array_equal(found[labels is None], expected)
    assert not np.allclose(found[True], found[False])


def test_training_samples_are_scored_once(random, monkeypatch):
    passes = []
    scored = NearestNeighbors.training_scores
    monkeypatch.setattr(
        NearestNeighbors,
        "training_scores",
        lambda model, x, y=None: passes.append(len(x)) or scored(model, x, y),
    )
    x = random.normal(size=(50, 3))
    NearestNeighborsDetector(contamination=0.1, random_state=0).fit_predict(x)
    PyODAdapter(NearestNeighborsDetector(random_state=0)).fit(x)
    assert passes == [50, 50]
