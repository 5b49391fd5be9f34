"""The data of a run."""

import numpy as np
import pytest

from kerasocc.datasets import altered, one_vs_rest
from kerasocc.experiments.config import TrainConfig
from kerasocc.experiments.runs import store
from kerasocc.experiments.runs.data import describe, load_data


def test_transductive_data_are_tested_on_what_they_are_trained_on():
    config = TrainConfig.for_dataset("digits", "transductive", normal_class=3, method="oc-nn")
    data = load_data(config)
    np.testing.assert_array_equal(data.x_test, data.x_train)
    np.testing.assert_array_equal(data.y_test, data.truth_train)
    # One in a hundred: 1 beside 110 normal ones.
    assert (data.y_test.sum(), len(data.y_test), len(data.x_val)) == (1, 111, 0)
    labelled = one_vs_rest("digits", labelled=0.1, contamination=0.1)
    assert len(labelled.transductive().x_test) == int((labelled.y_train == 0).sum())


def test_the_best_epoch_needs_both_classes_among_the_samples_held_out(tmp_path):
    # Of two training anomalies a tenth is none.
    labels = np.repeat([0, 1], [60, 4])
    np.savez(tmp_path / "t.npz", X=np.random.default_rng(0).normal(size=(64, 3)), y=labels)
    options = dict(dataset=str(tmp_path / "t.npz"), validation=0.1)
    assert load_data(TrainConfig.for_dataset(**options)).y_val.sum() == 0
    message = "`keep` must be 'last': .* Received: keep='best', 4 normal samples among 4"
    with pytest.raises(ValueError, match=message):
        load_data(TrainConfig.for_dataset(**options, keep="best"))


def test_altered_data_of_a_run():
    common = dict(amount=1, labelled=0.1, labelled_amount=2, preprocessing="unit")
    config = TrainConfig.for_dataset(
        method="deep-sad", altered="strokes", labelled_altered="blocks", **common
    )
    data = load_data(config)
    direct = altered("digits", kind="strokes", labelled_kind="blocks", validation=0.2, **common)
    for name in ("x_train", "y_train", "x_val", "x_test", "y_test"):
        np.testing.assert_array_equal(getattr(data, name), getattr(direct, name))
    np.testing.assert_allclose(data.preprocessing(data.x_val[:3]), data.x_val[:3] / 16)
    assert describe(data).startswith("digits-strokes-1. Samples of shape 8x8x1: train ")
    assert next(store.numbered_names(config)) == "digits-strokes-1-deep-sad"
