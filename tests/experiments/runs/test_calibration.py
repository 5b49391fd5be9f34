"""The threshold of a run."""

import dataclasses

import numpy as np
import pytest

import kerasocc as kocc
from kerasocc.engine.calibration import conformal_calibration, threshold_at
from kerasocc.experiments.config import TrainConfig
from kerasocc.experiments.reports import page
from kerasocc.experiments.runs.calibration import calibrate, may_hold_out_anomalies
from tests.experiments.reports.test_page import report_figures


class Scores:
    """The part of a model that `calibrate` uses; the largest value of a sample is its score."""

    uses_labels = False

    def score(self, x):
        return np.reshape(x, (len(x), -1)).max(axis=1)

    def training_scores(self, x, y=None):
        return self.score(x)

    def flag_share(self, scores, share):
        self.threshold = threshold_at(scores, share)

    def calibrate_on_scores(self, scores, *, fpr):
        found = conformal_calibration(scores, fpr)
        self.threshold = found.threshold
        return found


@pytest.mark.parametrize(
    # (k + 1) / (n + 1) within the rate: of 20 samples 5 % leaves 0 above, 10 % leaves 1.
    ("samples", "rate", "above"),
    [(20, 0.05, 0), (20, 0.1, 1), (39, 0.05, 1), (30, 0.1, 2), (99, 0.05, 4), (20, 0, 0)],
)
def test_the_threshold_leaves_so_many_held_out_samples_above(digits, samples, rate, above):
    values = np.random.default_rng(1).permutation(samples).astype("float32")
    data = dataclasses.replace(digits, x_val=values[:, None], y_val=np.zeros(samples, "int8"))
    model = Scores()
    calibration = calibrate(model, data, rate)
    assert (values > model.threshold).sum() == above
    assert calibration["expected_rate"] == (above + 1) / (samples + 1)
    assert calibration["samples"] == samples and calibration["note"] is None
    assert calibration["interval"] == list(conformal_calibration(values, rate).interval)


def test_too_few_or_no_held_out_samples_are_reported(digits):
    few = dataclasses.replace(digits, x_val=np.arange(9.0)[:, None], y_val=np.zeros(9, "int8"))
    model = Scores()
    calibration = calibrate(model, few, 0.05)
    assert model.threshold == 8
    assert "9 held-out normal samples are too few" in calibration["note"]
    assert "to be expected is 0.1" in calibration["note"]

    calibration = calibrate(model, digits, 0.05)
    assert calibration["on"] == "training samples"
    assert calibration["expected_rate"] is None and calibration["interval"] is None
    assert "no normal samples were held out" in calibration["note"]
    assert "Threshold: no normal samples" in page.page(
        {**report_figures(), "calibration": calibration}
    )


def test_training_samples_set_the_threshold_as_if_they_were_new(digits):
    model = kocc.NearestNeighbors(k=2, seed=0)
    model.fit(digits.x_train, verbose=0)
    calibration = calibrate(model, digits, 0.1)
    own = model.training_scores(digits.x_train)
    assert float(model.threshold) == threshold_at(own, 0.1)
    assert calibration["samples"] == len(digits.x_train)
    # Of new normal samples fewer than half are flagged; nearly all were, by scores of 0.
    normal = digits.x_test[digits.y_test == 0]
    assert model.is_anomaly(normal).mean() < 0.5


def test_labelled_anomalies_among_the_training_samples_set_no_threshold(digits):
    y = digits.y_train.copy()
    y[:20] = -1
    model = kocc.DeepSAD(kocc.networks.lenet("digits", seed=0), seed=0)
    model.compile("adam")
    model.fit(digits.x_train, y, epochs=1, verbose=0)
    calibration = calibrate(model, dataclasses.replace(digits, y_train=y), 0.1)
    normal = model.score(digits.x_train)[20:]
    assert calibration["samples"] == len(normal)
    assert (normal > float(model.threshold)).mean() == pytest.approx(0.1, abs=1 / len(normal))


def test_held_out_samples_that_nobody_has_checked(digits):
    values = np.arange(99, dtype="float32")
    data = dataclasses.replace(digits, x_val=values[:, None], y_val=np.zeros(99, "int8"))
    unlabelled = dataclasses.replace(data, unlabelled=("train", "val"))
    assert calibrate(Scores(), data, 0.1, hidden=True)["on"] == "held-out normal samples"
    assert calibrate(Scores(), unlabelled, 0.1)["on"] == "held-out normal samples"
    found = calibrate(Scores(), unlabelled, 0.1, hidden=True)
    assert found["on"] == "held-out samples that may have anomalies among them"
    assert "about 10 % of samples like them are flagged" in found["note"]
    assert found["interval"] is None and found["expected_rate"] is None


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, False),
        ({"method": "auto", "hidden_anomalies": True}, True),
        ({"latent": "soft"}, True),
        ({"latent": "soft", "validation_data": __file__}, False),
    ],
)
def test_when_held_out_samples_may_be_anomalies(options, expected):
    assert may_hold_out_anomalies(TrainConfig.for_dataset(**options)) is expected


def test_a_model_has_p_values_only_where_samples_were_held_out(digits):
    model = kocc.DeepSVDD(kocc.networks.lenet("digits", seed=0), seed=0)
    model.initialize_center(digits.x_train)
    calibrate(model, digits, 0.05)
    assert model.calibration is None and np.isfinite(np.array(model.threshold))
    few = dataclasses.replace(digits, x_val=digits.x_train[:9], y_val=np.zeros(9, "int8"))
    calibrate(model, few, 0.05)
    assert model.calibration.samples == 9 and model.p_values(digits.x_test[:5]).min() >= 0.1
