"""`kerasocc train --method nearest-neighbors`."""

import json

import numpy as np
import pandas
import pytest

import kerasocc
from kerasocc.cli import main
from tests.cli.helpers import refused


@pytest.fixture
def pumps(tmp_path):
    """Normal rows on a circle of two columns, anomalies in its middle, and a wide third column."""
    random = np.random.default_rng(0)
    angle, bad = 2 * np.pi * random.random(200), np.arange(200) % 4 == 3
    radius = np.where(bad, 0.1, 1 + 0.05 * random.normal(size=200))
    columns = {"a": radius * np.cos(angle), "b": radius * np.sin(angle), "c": random.random(200)}
    frame = pandas.DataFrame(columns).assign(c=lambda f: 1000 * f.c)
    frame["state"] = np.where(bad, "bad", "ok")
    frame.to_csv(tmp_path / "pumps.csv", index=False)
    return tmp_path / "pumps.csv"


def test_a_table(pumps, tmp_path):
    options = ["--dataset", str(pumps), "--label", "state", "--normal-class", "ok"]
    options += ["--out", str(tmp_path), "--name", "run", "--quiet", "--k", "2"]
    assert main(["train", *options, "--method", "nearest-neighbors"]) == 0
    results = json.loads((tmp_path / "run" / "results.json").read_text())
    # Without standardized columns the wide one decides, 50 %.
    assert results["auc"] > 0.85 and results["method"] == "Nearest neighbours"
    model = kerasocc.load_model(tmp_path / "run" / "model.keras")
    assert isinstance(model, kerasocc.NearestNeighbors) and model.k == 2
    assert model.standardize and model.encoder_input_shape == (None, 3)
    assert model.memory.shape[0] == results["samples"]["training"]["normal"]


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("--hidden 8,4", "`hidden` must be left out: the method 'nearest-neighbors' has no"),
        ("--latent soft", "`latent` must be left out: the method 'nearest-neighbors' has no"),
        ("--weight-decay 1", "`weight_decay` must be 0: the method 'nearest-neighbors' trains no"),
        ("--pretrain-epochs 3", "`pretrain_epochs` must be 0"),
        ("--k 0", "`k` must be an integer of at least 1"),
    ],
)
def test_what_it_refuses(option, message, pumps, tmp_path, capsys):
    options = ["--dataset", str(pumps), "--label", "state", "--normal-class", "ok"]
    arguments = ["train", *options, "--method", "nearest-neighbors", *option.split()]
    assert message in refused([*arguments, "--out", str(tmp_path)], capsys)
