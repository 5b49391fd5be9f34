"""The model and the callbacks of a run."""

import numpy as np
import pytest

from kerasocc.callbacks import LatentLabels
from kerasocc.experiments.config import TrainConfig
from kerasocc.experiments.runs.building import make_latent_labels, make_model
from kerasocc.experiments.runs.networks import make_networks


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


def test_geo_has_the_network_of_the_paper():
    config = TrainConfig.for_dataset("cifar10", method="geo", shift=5)
    encoder, decoder = make_networks(config, (32, 32, 3), 100)
    assert encoder.name == "wide_resnet_10_4" and decoder is None
    assert make_model(config, encoder, None, None).shift == 5
    other = TrainConfig.for_dataset("cifar10", method="geo", network="resnet18")
    assert make_networks(other, (32, 32, 3), 100)[0].name == "resnet18"


@pytest.mark.parametrize(("settings", "shift"), [({}, 8), (dict(shift=3), 3)])
def test_the_shift_is_a_quarter_of_the_side(settings, shift):
    config = TrainConfig.for_dataset("cifar10", method="multi-head-rotnet", **settings)
    encoder, _ = make_networks(config, (32, 32, 3), 100)
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
