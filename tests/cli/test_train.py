"""`kerasocc train` on a user's data: what it refuses, files of settings, interruptions."""

import errno
import json
import shutil
from pathlib import Path

import keras
import numpy as np
import pytest

import kerasocc
from kerasocc.cli import main
from kerasocc.datasets.preprocessing import Standardization
from kerasocc.experiments.config import TrainConfig
from kerasocc.experiments.runs import runner
from tests.cli.helpers import LABELS, of, refused, status

SVDD = ["--method", "deep-svdd"]
SHORT = ["--quiet", "--pretrain-epochs", "1", "--epochs", "2"]


@pytest.mark.parametrize(
    ("dataset", "options", "message"),
    [
        ("pumps.csv", ["--label", "state"], "or `normal_class` must name the label of normal rows"),
        ("pumps.csv", ["--label", "no"], "must have labels called one of ['no']"),
        ("pumps.csv", [*LABELS[:3], "OK"], "`normal_class` must be a label of"),
        ("pumps.csv", [*LABELS, "--image-size", "32"], "`image_size` must be left out:"),
        ("pumps.csv", [*LABELS, "--unreadable", "skip"], "`unreadable` must be left out:"),
        ("pumps.csv", [*LABELS, "--hidden", ","], "`hidden` must hold at least one width"),
        ("pumps.csv", [*LABELS, "--hidden", "8,0"], "`hidden` must be an integer of at least 1"),
        ("pumps.csv", [*LABELS, "--hidden", "8,x"], "argument --hidden: must be whole numbers"),
        ("pumps.csv", [*LABELS, "--optimizer", "sdg"], "argument --optimizer: invalid choice"),
        ("pumps.csv", [*LABELS, "--protocol", "deep-svdd"], "is for the data sets ['cifar10', "),
        ("pets", ["--label", "state"], "`label` must be left out:"),
        ("pets", ["--missing", "median"], "`missing` must be left out:"),
        ("pets", ["--hidden", "8"], "`hidden` must be left out: the samples are images"),
        (
            "pets",
            [*SVDD, "--image-size", "30"],
            "multiples of 8 from 16 on, 32 for instance. Received: s",
        ),
        ("pets", ["--image-size", "32x"], "argument --image-size: must be such as 64 or 48x64"),
        ("pets", ["--image-size", "1x2x3"], "argument --image-size: must be such as 64 or 48x64"),
        ("pets", ["--normal-class", "cow"], "must be among the classes ['cat', 'dög'] or their"),
        ("pets/cat", ["--normal-class", "cat"], "`normal_class` must be left out: 'cat' has no"),
        ("pets/cat", ["--keep", "best"], "`keep` must be 'last': the best epoch is chosen by"),
        ("pets/cat", [*SVDD, "--labelled-classes", "2"], "is of the method 'deep-sad'"),
        ("pets/cat", ["--method", "deep-sad"], "`labelled` asks for 1 anomalies of the training"),
        ("pets/cat", ["--contamination", "0.2"], "`contamination` asks for 3 anomalies"),
        ("pumps.csv", ["--test-data", "no.csv"], "`test_data` must be a path. There is no file "),
        ("pumps.csv", ["--test-data", ""], "`test_data` must be a name. Received: test_data=''"),
        ("signs.npz", ["--label", "labels"], "`label` must be left out:"),
        ("absent.csv", [], "There is no table"),
        ("absent", [], "the name of one below KERASOCC_DATA_DIR, or that of an image set"),
        ("", [], "`dataset` must be a name. Received: dataset=''"),
    ],
)
def test_train_refuses_what_does_not_fit_and_leaves_no_run(
    dataset, options, message, place, work, capsys
):
    source = str(place / dataset) if dataset else ""
    assert message in refused(["train", "--dataset", source, *options], capsys)
    assert not (work / "runs").exists() or not list((work / "runs").iterdir())


@pytest.mark.parametrize("value", ["nan", "inf", "-inf", "1e999"])
def test_train_refuses_numbers_that_are_none(value, work, capsys):
    names = ["nu", "test", "validation", "contamination", "threshold-rate", "learning-rate"]
    for name in [*names, "weight-decay", "pretrain-learning-rate", "pretrain-weight-decay"]:
        message = refused(["train", f"--{name}={value}"], capsys)
        assert message.startswith(f"`{name.replace('-', '_')}` must be ")
    assert not (work / "runs").exists()


def test_a_misspelled_name_gets_near_names(place, work, capsys, monkeypatch):
    monkeypatch.setenv("KERASOCC_DATA_DIR", str(place))
    message = refused(["train", "--dataset", "pumsp"], capsys)
    assert "Near names: pumps" in message and message.endswith("Received: 'pumsp'")
    assert "Near names: mnist" in refused(["train", "--dataset", "mnsit"], capsys)
    assert "Near names: digits" in refused(["train", "--dataset", "digts"], capsys)


@pytest.mark.slow
def test_a_name_below_the_data_folder(place, pumps, work, capsys, monkeypatch):
    monkeypatch.setenv("KERASOCC_DATA_DIR", str(place))
    assert main(["train", *SHORT, "--dataset", "pumps", *LABELS]) == 0
    assert (work / "runs" / "pumps-ok-deep-svdd" / "report.html").exists()
    found = work / "runs" / "pumps-ok-deep-svdd" / "scores.csv"
    assert found.read_bytes() == (pumps / "scores.csv").read_bytes()


def test_a_table_is_trained_for_a_number_of_steps(place, work, capsys):
    command = ["train", "--quiet", "--dataset", str(place / "pumps.csv"), *LABELS]
    command += ["--batch-size", "16", "--steps", "7"]
    assert main([*command, "--name", "mine"]) == 0
    run = work / "runs" / "mine"
    config = TrainConfig.read(run / "config.json")
    assert (config.steps, config.epochs, config.preprocessing) == (7, None, "standard")
    rows = json.loads((run / "results.json").read_text())["samples"]["training"]["normal"]
    assert 33 <= rows <= 48  # three steps an epoch
    model = kerasocc.load_model(run / "model.keras")
    assert int(np.array(model.epochs_trained)) == 3
    assert isinstance(model.preprocessing.scaling, Standardization)
    message = refused([*command, "--epochs", "3"], capsys)
    assert message.startswith("`epochs` must be given, or `steps`, but not both: steps=7.")
    message = refused([*command, "--latent", "soft", "--latent-warmup", "3"], capsys)
    assert message.startswith("`latent_warmup` must be less than the 3 epochs")
    assert [path.name for path in (work / "runs").iterdir()] == ["mine"]


@pytest.mark.slow
def test_settings_from_a_file(place, pumps, work, capsys):
    # YAML 1.1 takes 1e-4 for text.
    (work / "settings.yaml").write_text(
        f"dataset: {json.dumps(str(place / 'pumps.csv'))}\nlabel: state\nnormal_class: ok\n"
        "learning_rate: 1e-4\nhidden: [8, 4]\npretrain_epochs: 1\nepochs: 3\ndrop_at: [2]\n"
    )
    command = ["train", "--quiet", "--config", "settings.yaml"]
    options = ["--epochs", "2", "--hidden", "5", "--seed", "3"]
    assert main([*command, *options, "--name", "mine"]) == 0
    config = TrainConfig.read(work / "runs" / "mine" / "config.json")
    assert (config.learning_rate, config.pretrain_epochs, config.label) == (1e-4, 1, "state")
    assert (config.epochs, config.hidden, config.seed) == (2, (5,), 3)
    assert all(0 < drop < 2 for drop in config.drop_at)

    assert (
        main(["train", "--quiet", "--config", str(pumps / "config.json"), "--name", "again"]) == 0
    )
    scores = [run / "scores.csv" for run in (pumps, work / "runs" / "again")]
    assert scores[0].read_bytes() == scores[1].read_bytes()
    configs = [run.parent / "config.json" for run in scores]
    assert configs[0].read_bytes() == configs[1].read_bytes()

    message = refused(["train", "--resume", "--config", "settings.yaml"], capsys)
    assert message.startswith("`--config` must be left out with `--resume`")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("x.yaml", "learning_rat: 1", "x.yaml must hold settings among ['dataset', "),
        ("x.yaml", "1: 2", "Received: [1]"),
        ("x.yaml", "- 1", "x.yaml must hold one mapping of settings. Received: list"),
        ("x.yaml", "", "x.yaml must hold one mapping of settings. Received: NoneType"),
        ("x.yaml", "a: [1", "x.yaml is not a readable YAML file"),
        ("x.yaml", "seed: !!int x", "x.yaml is not a readable YAML file"),
        ("x.yaml", "seed: 2024-99-99", "x.yaml is not a readable YAML file"),
        ("x.yml", b"\xff\xfe\xfa", "x.yml is not a readable YAML file"),
        ("x.yaml", "a: !!python/name:os.system", "x.yaml is not a readable YAML file"),
        ("x.yaml", "[" * 3000, "x.yaml is nested too deeply to be read"),
        ("x.json", "[" * 100000, "x.json is nested too deeply to be read"),
        ("x.json", '{"epochs": ', "x.json is not a readable JSON file"),
        ("x.toml", "epochs = 1", "`config` must be a .json, .yaml or .yml file"),
        ("x.yaml", None, "No such file or directory: 'x.yaml'"),
        ("x.yaml", "epochs: many", "`epochs` must be an integer of at least 1. Received: epochs='"),
        ("x.yaml", "batch_size: 1e3", "`batch_size` must be an integer"),
        ("x.yaml", "learning_rate: fast", "`learning_rate` must be a finite number"),
        ("x.yaml", "learning_rate: .inf", "`learning_rate` must be a finite number"),
        ("x.yaml", "hidden: [8, x]", "`hidden` must be an integer of at least 1"),
        ("x.yaml", "drop_at: 3", "`drop_at` must hold epochs"),
        ("x.yaml", "dataset: [digits]", "`dataset` must be a name"),
        ("x.yaml", "normal_class: 1.5", "`normal_class` must be the number or the name of a class"),
        ("x.yaml", "protocol: {}", "`protocol` must be one of"),
    ],
)
def test_a_bad_file_of_settings_is_refused(name, content, message, work, capsys):
    if content is not None:
        (work / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    assert message in refused(["train", "--config", name], capsys)
    assert not (work / "runs").exists()


@pytest.mark.slow
def test_a_relative_path_is_resumed_from_another_folder(place, pumps, work, capsys, monkeypatch):
    shutil.copy(place / "pumps.csv", work)

    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(runner, "_finish", interrupted)
    assert main(["train", *SHORT, "--dataset", "pumps.csv", *LABELS]) == 130
    run = work / "runs" / "pumps-ok-deep-svdd"
    assert status(run) == "interrupted"
    assert "must be complete. Received: interrupted" in refused(["score", "x", *of(run)], capsys)
    monkeypatch.undo()
    monkeypatch.chdir(place)
    other = ["train", "--resume", "--out", str(work / "runs"), "--dataset", "pumps.csv"]
    assert "`--dataset` must be left out or equal" in refused(other, capsys)
    assert main([*other[:-2], "--quiet"]) == 0
    assert (run / "scores.csv").read_bytes() == (pumps / "scores.csv").read_bytes()
    assert Path(TrainConfig.read(run / "config.json").dataset) == (work / "pumps.csv").resolve()


@pytest.mark.parametrize("file", ["config.json", "pretraining.history.json", "model.keras"])
def test_a_full_disk_leaves_nothing_half_written(file, place, pumps, work, capsys, monkeypatch):
    def full(path):
        Path(path).write_bytes(b"half")
        raise OSError(errno.ENOSPC, "No space left on device", str(path))

    write_text = Path.write_text

    def write(self, *arguments, **options):
        if self.name.endswith(f"-{file}"):
            full(self)
        return write_text(self, *arguments, **options)

    monkeypatch.setattr(Path, "write_text", write)
    if file == "model.keras":
        monkeypatch.setattr(keras.Model, "save", lambda self, path, **_: full(path))
    command = ["train", *SHORT, "--dataset", str(place / "pumps.csv"), *LABELS, "--name", "run"]
    assert refused(command, capsys).startswith("No space left on device")
    monkeypatch.undo()
    monkeypatch.chdir(work)
    if file == "config.json":
        assert list((work / "runs").iterdir()) == []
        return
    run = work / "runs" / "run"
    assert status(run) == "interrupted"
    left = {p.name for p in run.rglob("*") if p.is_file()}
    assert file not in left and not [name for name in left if name.startswith(".")]
    assert main(["train", "--resume", "--quiet"]) == 0
    assert (run / "scores.csv").read_bytes() == (pumps / "scores.csv").read_bytes()
