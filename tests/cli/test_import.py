"""Models with layers of the user: `--import`."""

import subprocess
import sys

import numpy as np
import pytest

from tests.cli.helpers import refused, rows_of

MODULE = """
import keras

@keras.saving.register_keras_serializable(package="of_a_user")
class Doubling(keras.layers.Layer):
    def call(self, x):
        return 2 * x
"""
TRAINING = """
import keras, numpy as np, kerasocc as kocc
import my_layers
encoder = keras.Sequential([keras.Input((3,)), my_layers.Doubling(), kocc.networks.mlp([3, 4, 2])])
model = kocc.DeepSVDD(encoder, seed=0)
x = np.random.default_rng(0).normal(size=(40, 3)).astype("float32")
model.initialize_center(x)
model.calibrate(x, fpr=0.1)
model.save("model.keras")
np.save("x.npy", x)
np.save("scores.npy", model.score(x))
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with a model, and the module of its layer, which this process has not imported."""
    place = tmp_path_factory.mktemp("user")
    (place / "my_layers.py").write_text(MODULE)
    (place / "broken.py").write_text("x = y\n")
    subprocess.run([sys.executable, "-c", TRAINING], cwd=place, check=True, capture_output=True)
    return place


@pytest.mark.slow
def test_the_module_has_to_be_named(place, monkeypatch, capsys):
    monkeypatch.chdir(place)
    monkeypatch.setattr(sys, "path", [*sys.path])
    command = ["score", "x.npy", "--model", "model.keras"]
    message = refused(command, capsys)
    assert message.startswith("'model.keras' holds a class of its author, 'Doubling': name the mod")
    message = refused([*command, "--import", "absent_module"], capsys)
    assert "--import absent_module, ModuleNotFoundError: No module named 'absent_" in message
    message = refused([*command, "--import", "broken"], capsys)
    assert message.endswith("--import broken, NameError: name 'y' is not defined")
    # As the installed command runs, which does not look into the working directory.
    code = (
        "import sys; sys.path = [p for p in sys.path if p]; from kerasocc.cli import main; "
        "sys.exit(main(sys.argv[1:]))"
    )
    python = [sys.executable, "-c", code, *command, "--import", "my_layers"]
    ended = subprocess.run(python, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    scores = np.array([float(row["score"]) for row in rows_of(ended.stdout)], "float32")
    np.testing.assert_array_equal(scores, np.load("scores.npy"))


@pytest.mark.parametrize("command", ["score", "evaluate", "export", "calibrate"])
def test_every_command_that_loads_a_model_has_the_option(command, capsys):
    from kerasocc.cli import main

    with pytest.raises(SystemExit):
        main([command, "--help"])
    assert "--import MODULE" in capsys.readouterr().out
