"""The guide "Write your own method": its code runs and reaches what it says."""

import inspect

import numpy as np

from kerasocc.experiments.config.train_config import config_class
from kerasocc.experiments.methods import METHODS
from tests.own_method import DirectionModel, code_blocks, definitions


def test_the_guide_runs_as_it_stands():
    names = definitions()
    for block in code_blocks()[2:]:
        exec(block, names)
    assert names["auc"] > 0.95
    model, data = names["model"], names["data"]
    held_out = data.x_val[data.y_val == 0]
    # The largest of them is the threshold: 5 % of so few, and the next one, is a single sample.
    assert model.calibration.samples == len(held_out) < 39
    assert not model.is_anomaly(held_out).any()
    assert model.is_anomaly(data.x_test[data.y_test == 1]).mean() > 0.5
    weighted = names["WeightedDirectionModel"](names["encoder"], factor=3.0, seed=0)
    assert weighted.built
    restored = type(weighted).from_config(weighted.get_config())
    assert (restored.factor, restored.seed) == (3.0, 0)
    assert "preprocessing" in inspect.signature(type(weighted)).parameters
    method = names["METHOD"]
    config = config_class({**METHODS, method.name: method}).for_dataset(method="direction")
    assert config.margin == 0.0
    assert isinstance(method.build(config, names["encoder"], None, {}), names["DirectionModel"])


def test_the_score_by_hand(digits):
    import keras

    encoder = keras.Sequential([keras.Input((2,)), keras.layers.Identity()])
    model = DirectionModel(encoder)
    x = np.float32([[3, 0], [0, 5], [0, -1], [-2, 0]])
    model.compile("sgd")
    model.mean_direction.assign([0.0, 1.0])
    model.fitted.assign(1.0)
    np.testing.assert_allclose(model.score(x), [1, 0, 2, 1], atol=1e-6)
