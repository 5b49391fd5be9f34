"""`kerasocc train --encoder module:function`: a network of the user's under our methods."""

import json

import numpy as np
import pytest

import kerasocc
from kerasocc.cli import main
from tests.cli.helpers import refused

MODULE = """
import keras

def backbone(shape):
    keras.utils.set_random_seed(3)
    layers = [keras.layers.Flatten(), keras.layers.Dense(16, use_bias=False, name="features")]
    return keras.Sequential([keras.Input(shape), *layers])

def for_others(shape):
    return keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])

def text(shape):
    return "no model"

value = 3
"""


@pytest.fixture
def place(tmp_path, monkeypatch):
    (tmp_path / "my_networks.py").write_text(MODULE)
    (tmp_path / "broken_networks.py").write_text("import absent_module_of_nobody\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


def train(*options):
    return main(["train", "--name", "run", "--quiet", *options])


def test_neighbours_in_a_frozen_encoder(place):
    assert train("--method", "nearest-neighbors", "--encoder", "my_networks:backbone") == 0
    model = kerasocc.load_model("runs/run/model.keras")
    assert model.memory.shape[1] == 16 and not model.standardize
    results = json.loads((place / "runs/run/results.json").read_text())
    assert results["auc"] > 0.9
    import my_networks

    # It was not trained.
    expected = my_networks.backbone((8, 8, 1)).get_weights()[0]
    np.testing.assert_array_equal(model.encoder.get_weights()[0], expected)


def test_deep_svdd_trains_it_from_weights_in_a_file(place):
    import my_networks

    other = my_networks.backbone((8, 8, 1))
    weights = [0.5 * w for w in other.get_weights()]
    other.set_weights(weights)
    other.save_weights("mine.weights.h5")
    options = ["--encoder", "my_networks:backbone", "--weights", "mine.weights.h5"]
    assert train(*options, "--epochs", "1", "--learning-rate", "1e-9") == 0
    config = json.loads((place / "runs/run/config.json").read_text())
    assert config["method"] == "deep-svdd" and config["pretrain_epochs"] == 0
    encoder = kerasocc.load_model("runs/run/model.keras").encoder
    np.testing.assert_allclose(encoder.get_weights()[0], weights[0], atol=1e-6)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--encoder", "my_networks"], "must be a function, as in my_networks:backbone"),
        (["--encoder", "absent_networks:f"], "ModuleNotFoundError: No module named 'absent_netw"),
        (["--encoder", "broken_networks:f"], "No module named 'absent_module_of_nobody'"),
        (["--encoder", "my_networks:f"], "must name a function of the module 'my_networks'"),
        (["--encoder", "my_networks:value"], "must name a function of the module 'my_networks'"),
        (["--encoder", "my_networks:text"], "must return a Keras model. Received: encoder='my_ne"),
        (["--encoder", "my_networks:for_others"], "for samples of shape (8, 8, 1). Received: "),
        (["--encoder", "my_networks:backbone", "--weights", "no.h5"], "There is no file of weigh"),
        (["--encoder", "my_networks:backbone", "--network", "resnet18"], "`encoder` must stand wi"),
        (["--encoder", "my_networks:backbone", "--pretrain-epochs", "2"], "has no decoder to be"),
        (["--encoder", "my_networks:backbone", "--method", "autoencoder"], "needs a decoder"),
        (["--weights", "w.h5"], "`weights` needs the network 'resnet18' or an `encoder`"),
    ],
)
def test_what_is_refused(options, message, place, capsys):
    assert message in refused(["train", "--epochs", "1", "--quiet", *options], capsys)


def test_weights_that_do_not_fit_are_refused(place, capsys):
    import keras

    other = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    other.save_weights("other.weights.h5")
    options = ["--encoder", "my_networks:backbone", "--weights", "other.weights.h5"]
    message = refused(["train", "--epochs", "1", "--quiet", *options], capsys)
    assert "`weights` must be those of `encoder`. Received: weights='" in message
