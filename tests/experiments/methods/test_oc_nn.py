"""OC-NN on tables: random Fourier features of standardised columns, in a number of steps."""

import dataclasses
import json

import numpy as np
import pandas
import pytest

import kerasocc
from kerasocc.datasets.preprocessing import MinMaxScaling, Standardization
from kerasocc.experiments.config import TrainConfig
from kerasocc.experiments.runs import runner, store
from kerasocc.experiments.runs.data import load_data
from kerasocc.experiments.runs.networks import check_network, make_networks


@pytest.fixture
def path(tmp_path):
    """A table whose anomalies lie far out in all directions."""
    random = np.random.default_rng(0)
    rows = random.normal(size=(200, 5)) * [1, 10, 0.1, 3, 1] + [0, 5, 0, -2, 1]
    bad = np.arange(200) % 5 == 4
    rows[bad] = 4 * (rows[bad] - rows.mean(axis=0))
    frame = pandas.DataFrame(rows, columns=list("abcde")).assign(label=bad.astype(int))
    frame.to_csv(tmp_path / "t.csv", index=False)
    return str(tmp_path / "t.csv")


def test_defaults(path):
    config = TrainConfig.for_dataset(path, method="oc-nn")
    assert (config.fourier_features, config.train_encoder) == (512, True)
    assert (config.epochs, config.steps, config.learning_rate) == (None, 1500, 1e-3)
    assert (config.pretrain_epochs, config.head_epochs, config.weight_decay) == (0, 0, 0.0)
    frozen = TrainConfig.for_dataset(path, method="oc-nn", train_encoder=False)
    assert (frozen.fourier_features, frozen.quantile_update) == (512, "joint")
    assert frozen.steps == 2000


@pytest.mark.parametrize(
    "chosen",
    [
        {"fourier_features": 0},
        {"hidden": (8, 4)},
        {"use_bias": True},
        {"pretrain_epochs": 5},
        # As the file of an older run has it.
        {"hidden": None},
    ],
)
def test_an_mlp_that_is_chosen(chosen, path):
    config = TrainConfig.for_dataset(path, method="oc-nn", **chosen)
    assert (config.fourier_features, config.steps) == (0, None)
    assert config.pretrain_epochs == chosen.get("pretrain_epochs", 150) and config.head_epochs == 40
    data = load_data(config)
    assert isinstance(data.preprocessing.scaling, MinMaxScaling)
    encoder, decoder = make_networks(config, data.x_train.shape[1:], len(data.x_train))
    assert encoder.name == "mlp" and decoder is not None


@pytest.mark.parametrize("dataset", ["digits", "mnist", "cifar10"])
def test_images_have_none(dataset):
    config = TrainConfig.for_dataset(dataset, method="oc-nn")
    assert (config.fourier_features, config.steps, config.head_epochs) == (0, None, 40)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"pretrain_epochs": 3}, "`pretrain_epochs` must be 0 with `fourier_features`"),
        ({"hidden": (4, 2)}, "`hidden` must be left out with `fourier_features`"),
        ({"use_bias": True}, "`use_bias` must be left out: the method 'oc-nn' has an encoder of"),
        ({"fourier_features": -1}, "`fourier_features` must be an integer of at least 0"),
    ],
)
def test_settings_that_do_not_fit(settings, message, path):
    with pytest.raises(ValueError, match=message):
        TrainConfig.for_dataset(path, method="oc-nn", **{"fourier_features": 8, **settings})


def test_images_are_refused():
    config = TrainConfig.for_dataset("digits", method="oc-nn", fourier_features=8)
    with pytest.raises(ValueError, match=r"`fourier_features` must be 0 unless .*\(8, 8, 1\)"):
        check_network(config, (8, 8, 1))


def test_the_file_of_an_older_run(tmp_path):
    config = TrainConfig.for_dataset(method="oc-nn")
    content = dataclasses.asdict(config)
    del content["fourier_features"], content["steps"]
    (tmp_path / "config.json").write_text(json.dumps(content))
    assert TrainConfig.read(tmp_path / "config.json") == config


@pytest.mark.slow
def test_a_run(path, tmp_path):
    config = TrainConfig.for_dataset(path, method="oc-nn", fourier_features=64, steps=600)
    data = load_data(config)
    assert isinstance(data.preprocessing.scaling, Standardization)
    run = store.create(tmp_path / "runs", None, config)
    results = runner.train(config, run, data)
    assert set(results["seconds"]) == {"training", "scoring"}
    assert results["auc"] > 0.8
    model = kerasocc.load_model(run.model_file)
    assert model.encoder.name == "fourier_features" and model.normalize
    # A pass over the rows is one step.
    assert len(data.x_train) < config.batch_size
    assert int(np.array(model.optimizer.iterations)) == 600
    assert len(json.loads((run.path / "history.json").read_text())["training"]["loss"]) == 600
