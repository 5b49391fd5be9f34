"""Two processes that train one model, beside one process; killed and started again."""

import json
import random
import subprocess
import sys

import keras
import numpy as np
import pytest

import kerasocc as kocc
from kerasocc.engine.restart import Restart
from kerasocc.engine.workers import Workers, check_same
from tests.distributed import __main__ as distributed
from tests.distributed import processes


class Two(Workers):
    """Worker 1 of two, the other of which sends the given numbers."""

    def __init__(self, others):
        self.number, self.count, self.others = 1, 2, np.asarray(others, "float64")

    def gathered(self, values):
        return np.stack([self.others, np.asarray(values, "float64")])


def test_other_samples_on_a_worker_are_refused():
    check_same(Two([53, 7]), [53, 7])
    with pytest.raises(ValueError, match="same samples.*other samples on worker 1 than on worker"):
        check_same(Two([53, 7]), [26, 7])


def test_a_process_alone_has_nobody_to_agree_with():
    model = kocc.DeepSVDD(kocc.networks.mlp([6, 4], seed=0))
    workers = Workers(model)
    assert workers.is_chief and workers.count == 1
    assert workers.gathered([3, 4]).tolist() == [[3, 4]]


def fit_for(epochs, folder, rows, **options):
    model = kocc.DeepSVDD(kocc.networks.mlp([6, 4], seed=0), seed=0)
    model.compile(keras.optimizers.SGD(1e-2))
    backup = keras.callbacks.BackupAndRestore(folder, delete_checkpoint=False)
    model.fit(rows, epochs=epochs, batch_size=16, verbose=0, callbacks=[backup], **options)
    return model


@pytest.mark.parametrize("number", ["", '{"epoch": 1, "bat', '{"epoch": 1, "batch": 0}', None])
def test_a_process_killed_between_the_weights_and_the_number_of_the_epoch(number, random, tmp_path):
    """Weights of two epochs, and beside them nothing, half a number or that of one epoch."""
    rows = random.normal(size=(50, 6)).astype("float32")
    whole = fit_for(4, tmp_path / "whole", rows)
    fit_for(2, tmp_path / "killed", rows)
    file = tmp_path / "killed" / "training_metadata.json"
    assert json.loads(file.read_text())["epoch"] == 2
    file.unlink() if number is None else file.write_text(number)
    resumed = fit_for(4, tmp_path / "killed", rows)
    assert int(resumed.epochs_trained.numpy()) == 4
    for one, other in zip(whole.weights, resumed.weights, strict=True):
        np.testing.assert_array_equal(one.numpy(), other.numpy())


def test_one_worker_that_stops_stops_all():
    restart = Restart(Two(1.0), 0, [])
    restart._model = type("Model", (), {"stop_training": False})()
    restart.on_epoch_end(0)
    assert restart.model.stop_training


@pytest.mark.slow
@pytest.mark.parametrize(
    "case", ["radius per batch", "variance, annealing, latent labels", "many samples"]
)
def test_two_workers_equal_one_process(case, tmp_path):
    command = ["matrix", case, "--without-kills", "--folder", str(tmp_path)]
    run = subprocess.run(
        [sys.executable, "-m", "tests.distributed", *command],
        env=processes.environment(),
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stdout + run.stderr[-2000:]


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_killed_workers_end_with_the_weights_of_an_uninterrupted_training(seed, tmp_path):
    from tests.distributed.cases import CASES

    name = ["noise files", "early stopping, validation, checkpoints"][seed - 1]
    distributed.run_all("one", tmp_path / "one", [name])
    report = distributed.train_and_kill(tmp_path / "killed", name, random.Random(seed), kills=1)
    assert "killed" in report[0], report
    found = distributed.difference(tmp_path / "one", tmp_path / "killed", name)
    assert found <= CASES[name].bound, report
    assert not list((tmp_path / "killed").rglob(".*"))
