"""Trainings with latent labels: tables, features, images, video frames."""

import numpy as np
import pytest

from kerasocc.cli import main
from kerasocc.experiments.papers.loe import backbones, pretrained
from kerasocc.experiments.tables.cell_store import CellStore
from kerasocc.experiments.tables.results_file import results_in
from tests.cli.helpers import refused


def planes(random, normal=60, anomalies=30, columns=6):
    """Normal rows on a plane, anomalies on another one."""
    x = random.normal(size=(normal, 2)) @ random.normal(size=(2, columns))
    other = random.normal(size=(anomalies, 2)) @ random.normal(size=(2, columns)) + 2.0
    return np.concatenate([x, other]).astype("float32"), np.arange(normal + anomalies) >= normal


@pytest.fixture
def place(tmp_path, random, monkeypatch):
    """A folder of data, which is the working directory too."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KERASOCC_DATA_DIR", str(tmp_path))
    x, y = planes(random)
    np.savez(tmp_path / "planes.npz", X=x, y=y)
    np.savez(tmp_path / "CV_by_net_planes.npz", X=x, y=y)
    return tmp_path


def by_column(folder):
    return {entry["column"]: entry["result"] for entry in results_in(folder / "results.json")}


def test_a_table(place, capsys):
    command = ["reproduce", "loe", "tabular", "--data", "planes", "--seeds", "0", "--epochs", "3"]
    command += ["--backbone", "deep-svdd", "--assumed", "0.2", "--out", "out"]
    assert main([*command, "--modes", "blind", "soft", "known"]) == 0
    printed = capsys.readouterr().out
    assert "planes" in printed and "AUC in %, LOE-S - Blind: " in printed
    found = by_column(place / "out")
    # 30 normal rows train, 3 anomalies are added.
    assert {result["samples"] for result in found.values()} == {33}
    flagged = {column: round(result["flagged"], 3) for column, result in found.items()}
    assert flagged == {"Blind": 0.0, "LOE-S": 0.2, "known labels": 0.0}
    assert found["known labels"]["precision"] == 1.0 and found["Blind"]["precision"] is None
    for result in found.values():
        assert set(result["metrics"]) == {"auc", "average_precision", "f1"}
        assert all(0 <= value <= 1 for value in result["metrics"].values())


@pytest.mark.slow
def test_features_are_taken_as_they_come(place, capsys):
    command = ["reproduce", "loe", "features", "--seeds", "0", "--epochs", "2", "--modes", "hard"]
    assert main([*command, "--out", "out"]) == 0
    (result,) = by_column(place / "out").values()
    # Half of 60 normal ones, and 3 real anomalies, which are taken from the test part.
    assert result["samples"] == 33
    assert "net_planes" in capsys.readouterr().out


@pytest.mark.slow
def test_wrong_ratios(place, capsys):
    command = ["reproduce", "loe", "sensitivity", "--data", "planes", "--backbone", "deep-svdd"]
    command += ["--seeds", "0", "--epochs", "1", "--ratios", "0.1", "0.3", "--modes", "blind"]
    assert main([*command, "soft", "--out", "out"]) == 0
    entries = results_in(place / "out" / "results.json")
    assert [(e["row"], e["column"]) for e in entries] == [
        *(("0.1", "Blind"), ("0.1", "LOE-S"), ("0.3", "Blind"), ("0.3", "LOE-S"))
    ]
    assert entries[0]["result"] == entries[2]["result"]
    assert len(list((place / "out" / "cells").iterdir())) == 3
    page = (place / "out" / "table.html").read_text()
    assert page.count("<svg") == 2 and "ratio in %" in page


def test_video(place, random, capsys):
    for part, count in (("Train", 2), ("Test", 1)):
        folder = place / "Peds" / part
        folder.mkdir(parents=True)
        for number in range(1, count + 1):
            x, y = planes(np.random.default_rng(5), 30, 20 if part == "Test" else 0)
            np.save(folder / f"{part}00{number}.npy", x)
            if part == "Test":
                np.save(folder / f"{part}00{number}_gt.npy", y.astype("int8"))
    command = ["reproduce", "loe", "video", "--data", "Peds", "--seeds", "0", "--epochs", "1"]
    assert main([*command, "--modes", "soft", "--ratios", "0.1", "--out", "out"]) == 0
    (result,) = by_column(place / "out").values()
    # 60 frames train, and 7 of the 20 anomalous ones, which stay in the test part.
    assert result["samples"] == 67
    assert "0.1" in capsys.readouterr().out


def test_what_is_not_there_is_no_data(place, capsys):
    assert main(["reproduce", "loe", "video", "--seeds", "0", "--out", "out"]) == 0
    printed = capsys.readouterr().out
    assert "no data: there is no folder 'UCSDped1' with `Train` and `Test`" in printed
    assert "no data (~86.8)" in printed
    assert CellStore("out").folder.exists()


def test_pretrained_weights_are_looked_for(place):
    with pytest.raises(FileNotFoundError, match="resnet18.pth for instance, must be in the folder"):
        pretrained.weights_file()
    (place / "resnet18.pth").write_bytes(b"")
    assert pretrained.weights_file() == place / "resnet18.pth"


@pytest.mark.slow
def test_features_of_images(place, random):
    import keras

    import kerasocc

    network = kerasocc.networks.resnet18((224, 224, 3), use_bias=True, seed=0)
    network.save_weights(place / "resnet18.weights.h5")
    images = random.integers(0, 256, (3, 28, 28, 1)).astype("uint8")
    found = pretrained.features_of(images, pretrained.feature_network())
    resized = keras.ops.image.resize(np.repeat(images, 3, axis=-1).astype("float32"), (224, 224))
    mean, deviation = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
    expected = network((keras.ops.convert_to_numpy(resized) / 255 - mean) / deviation)
    np.testing.assert_allclose(found, keras.ops.convert_to_numpy(expected), rtol=1e-3, atol=1e-4)
    data = kerasocc.datasets.one_vs_rest(
        (random.integers(0, 256, (40, 8, 8, 1)).astype("uint8"), np.arange(40) % 2), normal_class=1
    )
    embedded = pretrained.embedded_images(data)
    assert embedded.x_train.shape == (len(data.x_train), 512)
    assert embedded.x_test.std() > 0 and len(embedded.x_test) == len(data.y_test)


@pytest.mark.slow
@pytest.mark.parametrize("backbone", ["mhrot", "deep-svdd-images"])
def test_images(backbone, digits, random):
    """The models of the table of images, on digits in place of its data sets."""
    from kerasocc.experiments.papers.loe.latent import Labelling, Problem, latent_cell
    from kerasocc.experiments.papers.loe.training import train
    from kerasocc.experiments.tables.definition import Options

    few = backbones._with_fewer(digits, 40, seed=0)
    assert len(few.x_train) == len(few.truth_train) == len(few.x_test) == 40
    assert few.y_test.sum() > 20
    problem = Problem(backbone, "digits", "digits", 0)
    cell = latent_cell(
        "r", problem, Labelling("soft", 0.1), 0, Options(epochs=1, pretrain_epochs=1)
    )
    result = train(cell, few)
    assert 0 < result["metrics"]["auc"] <= 1 and result["samples"] == 40


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["tabular", "--assumed", "some"], "must be a fraction such as 0.1, or auto, not 'some'"),
        (["tabular", "--modes", "loe"], "argument --modes: invalid choice: 'loe'"),
        (["tabular", "--contamination", "1"], "`contamination` must be in [0, 1)"),
        (["images", "--data", "letters"], "`data` must be among ['cifar10', 'fashion_mnist', "),
        (["images", "--classes", "11"], "`classes` must be among ['0', '1', "),
        (["tables"], "invalid choice: 'tables'"),
    ],
)
def test_bad_options(arguments, message, place, capsys):
    assert message in refused(["reproduce", "loe", *arguments], capsys)
    assert not (place / "reproduce").exists()
