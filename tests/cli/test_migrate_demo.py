"""`kerasocc migrate-demo`."""

import csv
import json
import os
import re

import numpy as np
import pytest

from kerasocc.callbacks import CollapseError
from kerasocc.cli import main
from kerasocc.experiments.config import TrainConfig
from kerasocc.experiments.papers.oc_nn import comparison
from kerasocc.experiments.papers.oc_nn.comparison import COMPARED
from kerasocc.experiments.runs import data as run_data
from kerasocc.experiments.runs import runner
from kerasocc.experiments.settings.data import absolute
from tests.cli.helpers import refused, status

TITLES = [method.title for method in COMPARED.values()]
SHORT = ["--epochs", "2", "--pretrain-epochs", "2"]


@pytest.fixture
def out(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path / "runs"


def table(out, dataset="digits"):
    """AUC in % by class and by the title of the method."""
    text = (out / "migrate-demo" / dataset / "table.csv").read_text()
    rows = list(csv.DictReader(text.splitlines()))
    return {(row["row"], row["column"]): row for row in rows}


def auc(out, name):
    return 100 * json.loads((out / name / "results.json").read_text())["auc"]


@pytest.mark.slow
def test_all_methods_on_a_class(out, capsys, monkeypatch):
    assert main(["migrate-demo", "--classes", "1", *SHORT]) == 0
    output = capsys.readouterr().out
    assert "Transductive: every model is tested on the samples that it was trained on" in output
    assert "do not compare with the inductive ones" in output and "published" not in output
    assert "samples.png" in output and "decomposition.png" in output
    rows = table(out)
    assert list(rows) == [("1", title) for title in TITLES]
    for method, (title, settings) in COMPARED.items():
        name = f"migrate-digits-1-{method}"
        value = auc(out, name)
        assert float(rows["1", title]["mean"]) == pytest.approx(value, abs=1e-4)
        config = TrainConfig.read(out / name / "config.json")
        assert config.protocol == "transductive" and config.contamination == 0.01
        assert (config.method, config.epochs) == (settings["method"], 2)
        assert (out / name / "samples.png").exists()
        assert (out / name / "decomposition.png").exists() == (method == "rcae")
        assert f"1, {title}, seed 0: AUC in % {value:.2f}" in output
    assert "migrate-digits-CLASS-METHOD/report.html" in output

    # Nothing is done twice: all that is left is to read what there is.
    monkeypatch.setattr(run_data, "load_data", None)
    before = (out / "migrate-demo" / "digits" / "table.csv").read_bytes()
    assert main(["migrate-demo", "--classes", "1,", "--quiet", *SHORT]) == 0
    again = capsys.readouterr().out.splitlines()
    assert again[2].split() == ["class", *TITLES]
    assert again[3].split()[0] == "1"
    assert (out / "migrate-demo" / "digits" / "table.csv").read_bytes() == before
    assert len(list(out.iterdir())) == 6
    found = list(out.glob("*/results.json"))
    assert len(found) == 5 and all((file.parent / "config.json").exists() for file in found)


@pytest.mark.slow
def test_a_run_is_that_of_train(out):
    # The first run shares its data with the second.
    options = ["--methods", "dcae", "oc-nn", "--classes", "6", "--seed", "1", *SHORT]
    assert main(["migrate-demo", "--quiet", *options]) == 0
    options = ["--method", "oc-nn", "--normal-class", "6", "--seed", "1", *SHORT]
    assert main(["train", "--quiet", "--protocol", "transductive", *options]) == 0
    scores = [out / name / "scores.csv" for name in ("migrate-digits-6-oc-nn", "digits-6-oc-nn")]
    assert scores[0].read_bytes() == scores[1].read_bytes()


@pytest.mark.slow
def test_an_interrupted_run_is_gone_on_with(out, capsys, monkeypatch):
    command = ["migrate-demo", "--classes", "3", "--methods", "DCAE,oc-nn", *SHORT]
    original = runner._finish

    def interrupt(config, *arguments):
        if config.method == "oc-nn":
            raise KeyboardInterrupt
        return original(config, *arguments)

    monkeypatch.setattr(runner, "_finish", interrupt)
    assert main(command) == 130
    assert "Run the same command again to resume." in capsys.readouterr().out
    assert status(out / "migrate-digits-3-dcae") == "complete"
    assert status(out / "migrate-digits-3-oc-nn") == "interrupted"
    assert not (out / "migrate-demo" / "digits" / "table.csv").exists()
    finished = (out / "migrate-digits-3-dcae" / "results.json").read_bytes()

    monkeypatch.setattr(runner, "_finish", original)
    assert main(command) == 0
    assert (out / "migrate-digits-3-dcae" / "results.json").read_bytes() == finished
    assert float(table(out)["3", "OC-NN"]["mean"]) == pytest.approx(
        auc(out, "migrate-digits-3-oc-nn"), abs=1e-4
    )
    history = json.loads((out / "migrate-digits-3-oc-nn" / "history.json").read_text())
    epochs = {name: len(phase["loss"]) for name, phase in history.items()}
    assert epochs == {"pretraining": 2, "head": 40, "training": 2}
    assert main(["migrate-demo", "--classes", "3", "--methods", "dcae", "--epochs", "1"]) == 0
    assert auc(out, "migrate-digits-3-dcae-2") == pytest.approx(
        float(table(out)["3", "DCAE"]["mean"]), abs=1e-4
    )


@pytest.mark.slow
def test_a_failed_training_leaves_the_others(out, capsys, monkeypatch):
    original = runner.train_phases

    def fail(config, *arguments, **options):
        if config.method == "deep-svdd":
            raise CollapseError("all\nequal")
        return original(config, *arguments, **options)

    monkeypatch.setattr(runner, "train_phases", fail)
    command = ["migrate-demo", "--classes", "5", "--methods", "one-class", "dcae", *SHORT]
    for _ in range(2):
        assert main([*command, "--quiet"]) == 2
        captured = capsys.readouterr()
        assert re.search(r"\n5 +failed +\d+\.\d\n", captured.out)
        told = "5, one-class, seed 0 failed: migrate-digits-5-one-class: all equal"
        assert told in captured.out and captured.err == ""
        assert table(out)["5", "one-class"]["state"] == "failed"


@pytest.mark.slow
def test_a_folder_of_images_and_a_file_of_them(out, capsys, random):
    from PIL import Image

    images = random.integers(0, 256, (240, 16, 16, 3)).astype("uint8")
    for number, image in enumerate(images):
        folder = out.parent / "GTSRB" / ("00014" if number % 2 else "00015")
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(folder / f"{number}.png")
    options = ["--methods", "dcae", "--epochs", "1"]
    assert main(["migrate-demo", "--dataset", "GTSRB", *options]) == 0
    output = capsys.readouterr().out
    assert "(published 87.5)" in output and "were adversarial attacks" in output
    assert "Anomalies in the smallest class: 1." in output
    rows = table(out, "GTSRB")
    assert rows["00014", "DCAE"]["published"] == "87.5000"
    assert rows["00015", "DCAE"]["published"] == ""

    np.savez("signs.npz", images=images, labels=np.arange(240) % 2)
    assert comparison.find_classes(absolute("signs.npz")) == [0, 1]
    config = comparison.make_config(absolute("signs.npz"), "dcae", 1)
    assert (config.protocol, config.transductive) == ("transductive", True)
    assert (config.contamination, config.validation) == (0.01, 0.0)
    assert comparison.find_classes("GTSRB", [1, "00014", 0]) == ["00015", "00014"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--methods", "dcae", "svm"], "`methods` must be one of ['one-class', 'soft-boundary', "),
        (["--methods", ","], "argument --methods: must hold names apart or with commas, not ','"),
        (["--classes", "0", "12"], "`classes` must be among [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]. Near"),
        (["--classes", ""], "argument --classes: must hold names apart or with commas, not ''"),
        (["--epochs", "0"], "`epochs` must be an integer of at least 1. Received: epochs=0"),
        (["--pretrain-epochs", "-1"], "`pretrain_epochs` must be an integer of at least 0"),
        (["--methods", "dcae", "--pretrain-epochs", "3"], "`pretrain_epochs` must be left out: "),
        (["--seed", "-1"], "`seed` must be an integer of at least 0. Received: seed=-1"),
        (["--dataset", ""], "`dataset` must be a name. Received: dataset=''"),
        (["--dataset", "t.csv"], "`dataset` must hold images: "),
        (["--dataset", "no.npz"], "There is no table 'no.npz'."),
        (["--dataset", "empty"], "empty' must hold images, or a folder of images per class"),
        (["--out", "t.csv"], "'t.csv'"),
    ],
)
def test_bad_input_is_one_clear_line_and_leaves_no_run(out, capsys, arguments, message):
    (out.parent / "t.csv").write_text("a,label\n1,0\n")
    (out.parent / "empty").mkdir()
    assert message in refused(["migrate-demo", *arguments], capsys)
    assert not out.exists() or not os.listdir(out)
