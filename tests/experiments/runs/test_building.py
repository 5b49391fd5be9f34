"""The model and the callbacks of a run."""

import dataclasses
import json
import os
import numpy as np
import pytest
from kerasocc.datasets import altered, one_vs_rest
from kerasocc.experiments.config import TrainConfig
from kerasocc.experiments.config.data_defaults import DEFAULTS
from kerasocc.experiments.reports import page
from kerasocc.experiments.runs import folder, store
from kerasocc.experiments.runs.calibration import calibrate
from kerasocc.experiments.runs.data import describe, load_data
from kerasocc.models.scoring import threshold_at
import csv
import math
from pathlib import Path
import pandas
import tensorflow as tf
from sklearn.metrics import roc_auc_score
import kerasocc
from kerasocc.callbacks import LatentLabels
from kerasocc.cli import main
from kerasocc.datasets import tabular
from kerasocc.experiments.reports import latent_labels
from kerasocc.experiments.runs import phases, runner
from kerasocc.experiments.runs.building import make_latent_labels, make_model
from kerasocc.experiments.runs.data import load_data
from kerasocc.experiments.runs.networks import check_network, make_networks


def test_the_head_learns_at_ten_times_the_rate(tmp_path):
    from kerasocc import networks
    from kerasocc.experiments.runs.building import make_callbacks, make_model

    config = TrainConfig.for_dataset(
        regularizer="noise", regularizer_weight=0.5, use_bias=True, learning_rate=2e-4
    )
    encoder = networks.lenet("digits", use_bias=True)
    model = make_model(config, encoder, None, None)
    assert float(np.array(model.regularizer.optimizer.learning_rate)) == pytest.approx(2e-3)
    (weighting,) = make_callbacks(config, tmp_path)
    assert weighting.fixed == 0.5


@pytest.mark.parametrize(("settings", "shift"), [({}, 8), (dict(shift=3), 3)])
def test_the_shift_is_a_quarter_of_the_side(settings, shift):
    config = TrainConfig.for_dataset("cifar10", method="multi-head-rotnet", **settings)
    encoder, _ = make_networks(config, (32, 32, 3))
    assert make_model(config, encoder, None, None).shift == shift


def test_the_callback_has_the_settings():
    options = dict(latent="hard", assumed_contamination="auto", latent_refresh="epoch")
    config = TrainConfig.for_dataset(latent_warmup=3, contamination=0.1, **options)
    made = make_latent_labels(config, np.ones(4))
    assert isinstance(made, LatentLabels) and made.truth is None
    assert (made.mode, made.contamination, made.refresh, made.warmup) == (
        "hard",
        "auto",
        "epoch",
        3,
    )
    known = TrainConfig.for_dataset(latent="known", contamination=0.1)
    np.testing.assert_array_equal(make_latent_labels(known, np.array([0, 1])).truth, [0, 1])
    assert make_latent_labels(TrainConfig.for_dataset(), np.ones(4)) is None
