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
    synthetic_anomaly_scorer,
)
from kerasocc.estimators.criteria import synthetic_anomalies
from tests.estimators.cases import table

NORMAL, _ = table()
NEW = table(samples=400)[0][200:]


class ByOneColumn(BaseEstimator):
    """Scores by the first column."""

    def score_samples(self, X):
        return X[:, 0]


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
    assert abs(synthetic_anomaly_scorer(ByOneColumn(), NEW) - 0.5) < 0.15
    frame = pd.DataFrame(NORMAL, columns=list("abcd"))
    good.fit(frame)
    assert synthetic_anomaly_scorer(good, frame) > 0.95


def test_the_loss_of_the_task_is_that_of_the_model():
    pipeline = make_pipeline(StandardScaler(), AutoencoderDetector(steps=3, random_state=0))
    pipeline.fit(NORMAL)
    samples = pipeline[:-1].transform(NEW)
    expected = -np.mean(pipeline[-1].model_.score(samples), dtype="float64")
    assert held_out_loss_scorer(pipeline, NEW) == pytest.approx(expected, rel=1e-5)


def test_a_loss_that_collapse_minimises_is_refused():
    with pytest.raises(ValueError, match="maps all samples to one point. Received: DeepSVDD"):
        held_out_loss_scorer(DeepSVDDDetector(), NEW)


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
