"""`kerasocc train --strategy`: replicas, and workers that are processes of their own."""

import contextlib
import csv
import importlib.util
import json
import os
import socket
import subprocess
import sys
import time

import numpy as np
import pytest

from kerasocc.cli import main
from kerasocc.experiments.runs.workers import Task, Workers, task_of
from tests.cli.helpers import LABELS, refused, status

TWO = {"worker": ["a:1", "b:1"]}
TABLE = [*LABELS, "--method", "deep-svdd", "--optimizer", "sgd"]


def config_of(cluster, kind, index):
    return json.dumps({"cluster": cluster, "task": {"type": kind, "index": index}})


def test_the_chief_is_the_chief_or_the_first_worker():
    assert task_of(config_of(TWO, "worker", 0)) == Task(is_chief=True, workers=2)
    assert task_of(config_of(TWO, "worker", 1)) == Task(is_chief=False, workers=2)
    with_chief = {"chief": ["c:1"], **TWO}
    assert task_of(config_of(with_chief, "worker", 0)) == Task(is_chief=False, workers=3)
    assert task_of(config_of(with_chief, "chief", 0)) == Task(is_chief=True, workers=3)


@pytest.mark.parametrize(
    "text",
    [
        None,
        "{",
        "[]",
        "{}",
        config_of(TWO, "worker", 2),
        config_of(TWO, "worker", -1),
        config_of(TWO, "chief", 0),
        config_of(TWO, "evaluator", 0),
        config_of({**TWO, "ps": ["d:1"]}, "worker", 0),
        config_of(TWO, "worker", "first"),
    ],
)
def test_what_does_not_say_which_worker_this_is(text, monkeypatch, capsys):
    monkeypatch.delenv("TF_CONFIG", raising=False)
    if text is not None:
        monkeypatch.setenv("TF_CONFIG", text)
    message = refused(["train", "--strategy", "multi-worker"], capsys)
    assert message.startswith("`--strategy multi-worker` needs the variable TF_CONFIG, with the")
    assert message.endswith(f"Received: TF_CONFIG={text!r}")


def test_alone_nothing_is_told(tmp_path):
    alone = Workers()
    assert alone.is_chief and alone.tell(lambda: {"said": 1}) == {"said": 1}
    alone.share(tmp_path, ("backup",))
    alone.wait()
    assert alone.description == {}


def scores_of(run):
    with open(run / "scores.csv") as file:
        return np.array([float(row["score"]) for row in csv.DictReader(file)])


class Cluster:
    """Two workers on this machine that run `kerasocc train`, each in its own empty folder.

    Args:
        folder: Holds the folders.
        arguments: Of the command.
    """

    def __init__(self, folder, *arguments):
        with contextlib.ExitStack() as stack:
            sockets = [stack.enter_context(socket.socket()) for _ in range(2)]
            for free in sockets:
                free.bind(("127.0.0.1", 0))
            cluster = {"worker": [f"127.0.0.1:{free.getsockname()[1]}" for free in sockets]}
        self.workers = [
            self._start(folder, config_of(cluster, "worker", index), index, arguments)
            for index in range(2)
        ]

    def _start(self, folder, config, index, arguments):
        own = folder / f"machine{index}"
        own.mkdir(exist_ok=True)
        temporary = own / "temporary"
        temporary.mkdir(exist_ok=True)
        return subprocess.Popen(
            [sys.executable, "-m", "kerasocc", "train", "--strategy", "multi-worker", *arguments],
            cwd=own,
            env={**os.environ, "TF_CONFIG": config, "TMPDIR": str(temporary)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def kill(self, index):
        self.workers[index].kill()

    def wait(self):
        """Exit codes, outputs and errors."""
        try:
            ends = [worker.communicate(timeout=500) for worker in self.workers]
        finally:
            for worker in self.workers:
                worker.kill()
        return [(worker.returncode, *end) for worker, end in zip(self.workers, ends, strict=True)]


def wait_for(condition, cluster):
    while not condition():
        assert all(worker.poll() is None for worker in cluster.workers), cluster.wait()
        time.sleep(0.05)


def written_by_others(folder):
    return [str(file) for file in (folder / "machine1").rglob("*") if file.is_file()]


@pytest.mark.slow
def test_workers_that_are_killed_end_as_one_process_does(place, tmp_path):
    arguments = ["--dataset", str(place / "pumps.csv"), *TABLE, "--epochs", "500"]
    arguments += ["--pretrain-epochs", "2"]
    whole = ["train", *arguments, "--out", str(tmp_path / "whole"), "--name", "run", "--quiet"]
    assert main(whole) == 0
    run = tmp_path / "machine0" / "runs" / "run"
    backup = run / "backup" / "training.weights.h5"
    cluster = Cluster(tmp_path, *arguments, "--name", "run")
    for victim in (1, 0):
        before = backup.stat().st_mtime if backup.exists() else 0.0
        wait_for(lambda time=before: backup.exists() and backup.stat().st_mtime > time, cluster)
        cluster.kill(victim)
        ends = cluster.wait()
        code, output, error = ends[1 - victim]
        assert code == 2 and error.count("\n") == 1
        assert error.startswith("kerasocc: error: Another of the 2 workers has ended")
        if victim == 1:
            expected = "Resume with: kerasocc train --resume --name run --strategy multi-worker"
            assert output.endswith(f"{expected}\n") and status(run) == "interrupted"
        cluster = Cluster(tmp_path, "--resume", "--name", "run")
    (code, output, _), other = cluster.wait()
    assert code == 0 and "Resuming runs/run" in output and other == (0, "", "")
    assert status(run) == "complete" and not (run / "backup").exists()
    # One that was killed leaves its temporary folder.
    assert all("kerasocc-" in file for file in written_by_others(tmp_path))
    np.testing.assert_allclose(scores_of(run), scores_of(tmp_path / "whole" / "run"), 1e-4, 1e-6)
    results = json.loads((run / "results.json").read_text())
    assert (results["strategy"], results["replicas"], results["workers"]) == ("multi-worker", 2, 2)


@pytest.mark.slow
def test_workers_train_ensembles(place, tmp_path):
    arguments = ["--dataset", str(place / "pumps.csv"), *LABELS, "--name", "run", "--quiet"]
    # So little that each worker by itself would leave out other members.
    arguments += ["--time-budget", "2"]
    (code, output, error), other = Cluster(tmp_path, *arguments).wait()
    assert (code, error) == (0, "") and other == (0, "", "")
    run = tmp_path / "machine0" / "runs" / "run"
    results = json.loads((run / "results.json").read_text())
    assert len(results["members"]) + len(results["left_out"]) >= 7
    assert results["auc"] > 0.9 and np.ptp(scores_of(run)) > 0.1
    assert written_by_others(tmp_path) == []


@pytest.mark.slow
def test_what_stops_the_chief_stops_the_others(place, tmp_path):
    (tmp_path / "machine0" / "runs" / "taken").mkdir(parents=True)
    (code, _, error), (other, output, reported) = Cluster(tmp_path, "--name", "taken").wait()
    assert code == other == 2 and output == ""
    assert error.startswith("kerasocc: error: `name` must be new")
    assert reported.startswith("kerasocc: error: The chief has ended: `name` must be new")


@pytest.mark.slow
@pytest.mark.parametrize(("backend", "replicas"), [("tensorflow", 1), ("jax", 2)])
def test_devices_of_one_machine(backend, replicas, place, tmp_path):
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed")
    environment = {
        **os.environ,
        "KERAS_BACKEND": backend,
        "JAX_PLATFORMS": "cpu",
        "XLA_FLAGS": "--xla_force_host_platform_device_count=2",
    }

    def train(strategy):
        command = [sys.executable, "-m", "kerasocc", "train", "--strategy", strategy, "--quiet"]
        options = ["--epochs", "5", "--pretrain-epochs", "2", "--name", strategy]
        data = ["--dataset", str(place / "pumps.csv"), *TABLE, "--out", str(tmp_path)]
        run = subprocess.run(
            [*command, *options, *data], env=environment, capture_output=True, text=True
        )
        return run.returncode, run.stderr

    for strategy in ("none", "mirrored"):
        code, error = train(strategy)
        assert code == 0, error
    np.testing.assert_allclose(*map(scores_of, (tmp_path / "none", tmp_path / "mirrored")), 1e-5)
    results = json.loads((tmp_path / "mirrored" / "results.json").read_text())
    assert (results["strategy"], results["replicas"]) == ("mirrored", replicas)
    assert "strategy" not in json.loads((tmp_path / "none" / "results.json").read_text())
    if backend == "jax":
        environment["TF_CONFIG"] = config_of(TWO, "worker", 0)
        code, error = train("multi-worker")
        assert code == 2 and error.startswith("kerasocc: error: `--strategy` must be mirrored or")
