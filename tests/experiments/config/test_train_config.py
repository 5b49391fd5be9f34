"""The settings of a run, and their file."""

import dataclasses
import json

import pytest

from kerasocc.experiments.config import TrainConfig
from kerasocc.experiments.config.files import read_settings


def read(path):
    return json.loads(path.read_text())


def test_settings_survive_the_file(tmp_path):
    config = TrainConfig.for_dataset(
        "digits", normal_class="three", drop_at=(5, 9), nu=0.3, threshold_rate=0, seed=7
    )
    config.write(tmp_path / "config.json")
    assert TrainConfig.read(tmp_path / "config.json") == config
    assert set(read(tmp_path / "config.json")) == {f.name for f in dataclasses.fields(config)}


@pytest.mark.parametrize("lam", [0.5, float("inf"), "auto"])
def test_settings_of_the_robust_autoencoder_survive_the_file(lam, tmp_path):
    config = TrainConfig.for_dataset(method="robust-autoencoder", lam=lam, norm="l21")
    config.write(tmp_path / "config.json")
    assert TrainConfig.read(tmp_path / "config.json") == config


def older(path, method, **settings):
    """A file of settings from before `lam` could be chosen and ICL had several orders."""
    content = dataclasses.asdict(TrainConfig.for_dataset(method=method)) | {"lam": 0.1, **settings}
    for name in ("num_windows", "permutations"):
        del content[name]
    path.write_text(json.dumps(content))
    return path


def test_older_files_mean_what_they_meant(tmp_path):
    path = tmp_path / "config.json"
    assert TrainConfig.for_dataset(method="robust-autoencoder").lam == "auto"
    assert TrainConfig.read(older(path, "robust-autoencoder")).lam == 0.1
    icl = TrainConfig.read(older(path, "icl"))
    assert icl.permutations == 1 and icl.num_windows > 10**5
    assert TrainConfig.for_dataset(method="icl").permutations is None
    # All MLPs had BatchNorm.
    table = tmp_path / "table.csv"
    table.write_text("a,b\n")
    content = dataclasses.asdict(TrainConfig.for_dataset(str(table), method="autoencoder"))
    assert content.pop("batch_norm") is False
    path.write_text(json.dumps(content))
    assert TrainConfig.read(path).batch_norm is True
    # The settings of methods that a file is not about are what they are by default now.
    assert TrainConfig.read(older(path, "deep-svdd")) == TrainConfig.for_dataset()
    settings = read_settings(path)
    assert "lam" not in settings and TrainConfig(**settings) == TrainConfig.for_dataset()
    assert read_settings(older(path, "robust-autoencoder"))["lam"] == 0.1
    with pytest.raises(ValueError, match="`lam` is of the method 'robust-autoencoder'"):
        TrainConfig.read(older(path, "deep-svdd", lam=0.2))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"speed": 3}, r"config\.json must be among \[.*Received: unknown \['speed'\]"),
        ({"seed": None}, r"config\.json: `seed` must be an integer of at least 0"),
        ({"drop_at": [0]}, r"`drop_at` must hold epochs .*Received: drop_at=\(0,\)"),
        ({"dataset": 3}, "`dataset` must be a name. Received: dataset=3"),
        ({"normal_class": 1.5}, r"`normal_class` must be .*Received: normal_class=1\.5"),
        ({"learning_rate": 0}, r"`learning_rate` must be a finite number above 0"),
        ({"validation": 1}, r"`validation` must be in \[0, 1\)"),
    ],
)
def test_a_bad_settings_file_is_refused_by_name(tmp_path, change, message):
    content = {**dataclasses.asdict(TrainConfig.for_dataset()), **change}
    (tmp_path / "config.json").write_text(json.dumps(content))
    with pytest.raises(ValueError, match=message):
        TrainConfig.read(tmp_path / "config.json")


def test_missing_settings_and_other_content_are_refused(tmp_path):
    path = tmp_path / "config.json"
    content = dataclasses.asdict(TrainConfig.for_dataset())
    del content["seed"]
    path.write_text(json.dumps(content))
    with pytest.raises(ValueError, match=r"must hold all settings\. Missing: \['seed'\]"):
        TrainConfig.read(path)
    path.write_text("[]")
    with pytest.raises(ValueError, match="must hold a JSON object. Received: list"):
        TrainConfig.read(path)
    path.write_text('{"seed": ')
    with pytest.raises(ValueError, match="is not a readable JSON file"):
        TrainConfig.read(path)
