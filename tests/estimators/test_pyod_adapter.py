"""PyOD's conventions, compared with PyOD itself where it is installed."""

import numpy as np
import pytest
from sklearn.base import clone

from kerasocc.estimators import (
    AutoencoderDetector,
    EnsembleDetector,
    NearestNeighborsDetector,
    PyODAdapter,
)
from tests.estimators.cases import table

NORMAL, STRANGE = table(samples=180, anomalies=20)
X = np.concatenate([NORMAL, STRANGE])
NEW = table(samples=400, anomalies=20)[0][200:]


@pytest.fixture(scope="module")
def adapter():
    return PyODAdapter(NearestNeighborsDetector(k=5, standardize=False)).fit(X)


def test_signs_and_labels(adapter):
    assert adapter.decision_scores_.shape == (200,)
    assert adapter.labels_.sum() == 20
    np.testing.assert_array_equal(adapter.labels_, adapter.decision_scores_ > adapter.threshold_)
    assert adapter.decision_function(STRANGE).mean() > adapter.decision_function(NEW).mean()
    np.testing.assert_array_equal(
        adapter.predict(NEW), (adapter.decision_function(NEW) > adapter.threshold_).astype(int)
    )
    # All of them train, each without itself among its neighbours.
    assert adapter.detector_.model_.memory.shape[0] == 200
    assert adapter.decision_scores_.min() > 0
    np.testing.assert_array_equal(clone(adapter).fit_predict(X), adapter.labels_)


def test_probabilities_by_hand(adapter):
    known = adapter.decision_scores_
    linear = adapter.predict_proba(NEW)
    scores = adapter.decision_function(NEW)
    expected = (scores - known.min()) / (known.max() - known.min())
    np.testing.assert_allclose(linear[:, 1], expected.clip(0, 1))
    np.testing.assert_allclose(linear.sum(axis=1), 1)
    unified, confidence = adapter.predict_proba(NEW, method="unify", return_confidence=True)
    assert (unified[scores < known.mean(), 1] == 0).all()
    np.testing.assert_array_equal(confidence, adapter.predict_confidence(NEW))
    with pytest.raises(ValueError, match="`method` must be one of"):
        adapter.predict_proba(NEW, method="sigmoid")


def test_confidence_is_high_far_from_the_threshold(adapter):
    labels, confidence = adapter.predict(np.concatenate([NEW, STRANGE]), return_confidence=True)
    assert ((confidence >= 0) & (confidence <= 1)).all()
    ranks = np.abs(adapter.decision_function(NEW) - adapter.threshold_).argsort()
    assert confidence[ranks[-20:]].mean() > confidence[ranks[:20]].mean()
    assert set(labels) == {0, 1}


def test_training_scores_of_an_ensemble():
    members = [NearestNeighborsDetector(), AutoencoderDetector(steps=2, hidden=(4, 2))]
    adapter = PyODAdapter(EnsembleDetector(detectors=members, random_state=0)).fit(X)
    model = adapter.detector_.model_
    raw = np.stack([member.training_scores(X) for member in model.members], axis=-1)
    expected = np.asarray(model.scale(raw)).mean(axis=1)
    np.testing.assert_allclose(adapter.decision_scores_, expected, rtol=1e-5)


@pytest.mark.parametrize(
    ("detector", "contamination", "message"),
    [
        (NearestNeighborsDetector(), 0.6, r"`contamination` must be in \(0, 0.5\]"),
        (NearestNeighborsDetector(), 0, r"`contamination` must be in \(0, 0.5\]"),
        ("knn", 0.1, "`detector` must be one of `kerasocc.estimators`. Received: detector='knn'"),
    ],
)
def test_what_is_refused(detector, contamination, message):
    with pytest.raises(ValueError, match=message):
        PyODAdapter(detector, contamination=contamination).fit(X)


# The extra `pyod` is installed for the slow tests. PyOD and what it imports warn of what they will change.
@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
class TestWithPyOD:
    @pytest.fixture(autouse=True)
    def pyod(self):
        return pytest.importorskip("pyod")

    @pytest.fixture
    def peer(self):
        from pyod.models.knn import KNN

        return KNN(n_neighbors=5, method="mean").fit(X)

    def test_all_values_are_those_of_pyod(self, adapter, peer):
        """The same detector in both packages."""
        np.testing.assert_allclose(adapter.decision_scores_, peer.decision_scores_, rtol=1e-3)
        np.testing.assert_allclose(adapter.threshold_, peer.threshold_, rtol=1e-3)
        np.testing.assert_array_equal(adapter.labels_, peer.labels_)
        np.testing.assert_array_equal(adapter.predict(NEW), peer.predict(NEW))
        for method in ("linear", "unify"):
            own, theirs = (d.predict_proba(NEW, method=method) for d in (adapter, peer))
            np.testing.assert_allclose(own, theirs, atol=1e-3)
        own, theirs = (d.predict_confidence(NEW) for d in (adapter, peer))
        np.testing.assert_allclose(own, theirs, atol=1e-6)

    def test_combination(self, adapter, peer):
        from pyod.models.combination import aom, average, maximization, median
        from pyod.utils.utility import standardizer

        detectors = [adapter, peer, PyODAdapter(NearestNeighborsDetector(k=1)).fit(X)]
        train = np.stack([d.decision_scores_ for d in detectors], axis=1)
        new = np.stack([d.decision_function(STRANGE) for d in detectors], axis=1)
        train, new = standardizer(train, new)
        for combine in (average, maximization, median):
            assert combine(new).mean() > combine(train[:180]).mean() + 1
        assert aom(new, n_buckets=3).shape == (20,)

    def test_feature_bagging(self, adapter):
        from pyod.models.feature_bagging import FeatureBagging

        bagging = FeatureBagging(PyODAdapter(NearestNeighborsDetector(k=5)), n_estimators=2)
        bagging.fit(X)
        assert bagging.decision_function(STRANGE).mean() > bagging.decision_function(NEW).mean()

    def test_thresholds(self):
        thresholds = pytest.importorskip("pythresh.thresholds.iqr")
        found = PyODAdapter(NearestNeighborsDetector(), contamination=thresholds.IQR()).fit(X)
        expected = thresholds.IQR().fit(found.decision_scores_).labels_
        np.testing.assert_array_equal(found.labels_, expected)
        assert 0 < found.labels_.sum() < 60
        np.testing.assert_array_equal(
            found.labels_, (found.decision_scores_ > found.threshold_).astype(int)
        )
        assert found.predict_confidence(NEW).shape == (200,)
