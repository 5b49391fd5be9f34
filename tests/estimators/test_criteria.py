"""Criteria without labels: what they prefer, and what they refuse to judge."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from kerasocc.estimators import (
    AutoencoderDetector,
    DeepSVDDDetector,
    NearestNeighborsDetector,
    held_out_loss_scorer,
    stability_scorer,
    synthetic_anomaly_scorer,
)
from kerasocc.estimators.criteria import synthetic_anomalies
from tests.estimators.cases import table

NORMAL, _ = table()
NEW = table(samples=400)[0][200:]


class FromSeed(BaseEstimator):
    """Scores by the first column, with a noise that depends on the seed."""

    def __init__(self, noise=0.0, constant=False, random_state=0):
        self.noise, self.constant, self.random_state = noise, constant, random_state

    def fit(self, X, y=None):
        self.generator_ = np.random.default_rng(self.random_state)
        return self

    def score_samples(self, X):
        scores = X[:, 0] + self.noise * self.generator_.normal(size=len(X))
        return 0 * scores if self.constant else scores


def test_synthetic_anomalies_keep_columns_and_break_what_binds_them():
    rows = np.stack([np.arange(100.0), 2 * np.arange(100.0)], axis=1)
    made = synthetic_anomalies(rows)
    assert made.shape == rows.shape
    np.testing.assert_array_equal(made, synthetic_anomalies(rows))
    shuffled, uniform = made[:50], made[50:]
    assert np.isin(shuffled[:, 0], rows[:, 0]).all()
    assert np.isin(shuffled[:, 1], rows[:, 1]).all()
    assert (shuffled[:, 1] == 2 * shuffled[:, 0]).mean() < 0.2
    assert uniform[:, 0].min() >= -0.1 * 99 and uniform[:, 0].max() <= 1.1 * 99
    assert not np.isin(uniform[:, 0], rows[:, 0]).any()


def test_synthetic_anomalies_prefer_a_detector_that_knows_the_data():
    good = NearestNeighborsDetector(random_state=0).fit(NORMAL)
    assert synthetic_anomaly_scorer(good, NEW) > 0.95
    bad = FromSeed().fit(NORMAL)
    assert abs(synthetic_anomaly_scorer(bad, NEW) - 0.5) < 0.15
    frame = pd.DataFrame(NORMAL, columns=list("abcd"))
    good.fit(frame)
    assert synthetic_anomaly_scorer(good, frame) > 0.95


def test_stability_is_the_agreement_of_two_seeds():
    assert stability_scorer(FromSeed().fit(NORMAL), NEW) == pytest.approx(1.0)
    noisy = stability_scorer(FromSeed(noise=1.0).fit(NORMAL), NEW)
    assert 0 < noisy < 0.99
    assert abs(stability_scorer(FromSeed(noise=1e3).fit(NORMAL), NEW)) < 0.3
    assert stability_scorer(FromSeed(constant=True).fit(NORMAL), NEW) == -1.0
    # In a pipeline the seed has a longer name; the same seed would agree with itself.
    pipeline = make_pipeline(StandardScaler(), FromSeed(noise=1e3)).fit(NORMAL)
    assert abs(stability_scorer(pipeline, NEW)) < 0.3


def test_the_loss_of_the_task_is_that_of_the_model():
    pipeline = make_pipeline(StandardScaler(), AutoencoderDetector(steps=3, random_state=0))
    pipeline.fit(NORMAL)
    samples = pipeline[:-1].transform(NEW)
    expected = -np.mean(pipeline[-1].model_.score(samples), dtype="float64")
    assert held_out_loss_scorer(pipeline, NEW) == pytest.approx(expected, rel=1e-5)


def test_a_loss_that_collapse_minimises_is_refused():
    detector = DeepSVDDDetector(steps=1, random_state=0).fit(NORMAL)
    with pytest.raises(ValueError, match="maps all samples to one point. Received: DeepSVDD"):
        held_out_loss_scorer(detector, NEW)


@pytest.mark.slow
def test_a_search_without_labels():
    search = GridSearchCV(
        AutoencoderDetector(hidden=(16, 2), random_state=0),
        {"steps": [2, 300]},
        scoring={"loss": held_out_loss_scorer, "synthetic": synthetic_anomaly_scorer},
        refit="synthetic",
        cv=2,
    ).fit(NORMAL)
    assert search.best_params_ == {"steps": 300}
    assert search.cv_results_["rank_test_loss"].tolist() == [2, 1]
