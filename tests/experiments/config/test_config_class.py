"""A method that is added by one definition: its option, its checks, its files, its run."""

import argparse
import json
from dataclasses import dataclass

import pytest

import kerasocc
from kerasocc.cli.train_options import add_options
from kerasocc.experiments.config import TrainConfig
from kerasocc.experiments.config.files import read_settings
from kerasocc.experiments.config.train_config import config_class
from kerasocc.experiments.methods import METHODS
from kerasocc.experiments.methods.method import NO_PRETRAINING, Method
from kerasocc.experiments.methods.shared import Temperature
from kerasocc.experiments.runs import runner, store
from kerasocc.experiments.runs.data import load_data
from kerasocc.experiments.settings import kinds
from kerasocc.experiments.settings.setting import require, setting


@dataclass(frozen=True, kw_only=True)
class MadeUpSettings(Temperature):
    sharpness: float = setting(
        2.0,
        kinds.positive(),
        "how sharp the boundary is",
        symbol="s",
        rules=(
            require(
                lambda config: config.method != "made-up" or config.sharpness < config.epochs,
                "must be less than the {config.epochs} epochs",
            ),
        ),
    )


def build(config, encoder, decoder, options):
    return kerasocc.DeepSVDD(encoder, nu=1 / config.sharpness, **options)


MADE_UP = Method(
    name="made-up",
    title="Made Up",
    settings=MadeUpSettings,
    build=build,
    defaults=lambda choices: {**NO_PRETRAINING, "epochs": 7, "drop_at": ()},
    pretrained=False,
)
Extended = config_class({**METHODS, MADE_UP.name: MADE_UP})


@pytest.fixture
def parser():
    parser = argparse.ArgumentParser(argument_default=argparse.SUPPRESS)
    add_options(parser, Extended)
    return parser


def test_it_gets_an_option(parser):
    text = " ".join(parser.format_help().split())
    option = "Made Up: --sharpness SHARPNESS how sharp the boundary is (in the paper: s) "
    assert f"{option}(default: 2.0)" in text
    assert "NeuTraL AD, ICL, Made Up: --temperature TEMPERATURE" in text
    assert "multi-head-rotnet,geo,nearest-neighbors,made-up}" in text
    given = vars(parser.parse_args(["--method", "made-up", "--sharpness", "3"]))
    names = ("method", "sharpness", "temperature")
    config = Extended.for_dataset(**{name: given[name] for name in names if name in given})
    assert (config.sharpness, config.temperature, config.epochs) == (3.0, 0.1, 7)
    assert config.definition is MADE_UP and "sharpness: how sharp" in Extended.__doc__


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (dict(sharpness=0), "`sharpness` must be a finite number above 0. Received: sharpness=0"),
        (dict(sharpness=7), "`sharpness` must be less than the 7 epochs. Received: sharpness=7"),
        (dict(sharpness=None), "`sharpness` must be a finite number above 0"),
        (dict(pretrain_epochs=3), "`pretrain_epochs` must be 0: the method 'made-up' is not pret"),
        (
            dict(method="icl", sharpness=3),
            "`sharpness` is of the method 'made-up'. Received: sharpness=3",
        ),
        (
            dict(method="deep-svdd", temperature=0.2),
            "`temperature` is of the method 'neutral-ad' or 'icl' or 'made-up'. Received: temp",
        ),
        (dict(nu=0.2), "`nu` is of the method 'deep-svdd' or 'oc-nn'. Received: nu=0.2"),
    ],
)
def test_its_settings_are_checked(settings, message):
    with pytest.raises(ValueError) as error:
        Extended.for_dataset(**{"method": "made-up", **settings})
    assert str(error.value).startswith(message)


def test_other_classes_do_not_know_it():
    with pytest.raises(ValueError, match=r"unknown \['sharpness'\]"):
        TrainConfig.for_dataset(sharpness=3)
    with pytest.raises(ValueError, match="`method` must be one of"):
        TrainConfig.for_dataset(method="made-up")


def test_its_files(tmp_path):
    config = Extended.for_dataset(method="made-up", sharpness=3.0)
    config.write(tmp_path / "config.json")
    assert Extended.read(tmp_path / "config.json") == config
    assert json.loads((tmp_path / "config.json").read_text())["sharpness"] == 3.0
    # YAML 1.1 takes 1e-2 for text.
    (tmp_path / "settings.yaml").write_text("method: made-up\nsharpness: 1e-2\n")
    settings = read_settings(tmp_path / "settings.yaml", Extended)
    assert settings == {"method": "made-up", "sharpness": 0.01}
    with pytest.raises(ValueError, match=r"Received: \['sharpness'\]"):
        read_settings(tmp_path / "settings.yaml")


def test_files_that_are_older_than_the_method_are_read(tmp_path):
    path = tmp_path / "config.json"
    TrainConfig.for_dataset(nu=0.2).write(path)
    assert (Extended.read(path).nu, Extended.read(path).sharpness) == (0.2, 2.0)
    content = json.loads(path.read_text())
    path.write_text(json.dumps({**content, "method": "made-up", "nu": 0.1, "pretrain_epochs": 0}))
    with pytest.raises(ValueError, match=r"must hold all settings. Missing: \['sharpness'\]"):
        Extended.read(path)


def test_files_that_are_older_than_steps_are_read(tmp_path):
    path = tmp_path / "config.json"
    config = TrainConfig.for_dataset()
    config.write(path)
    content = json.loads(path.read_text())
    assert content.pop("steps") is None
    path.write_text(json.dumps(content))
    assert TrainConfig.read(path) == config
    del content["epochs"]
    path.write_text(json.dumps(content))
    with pytest.raises(ValueError, match=r"must hold all settings. Missing: \['epochs'\]"):
        TrainConfig.read(path)


@pytest.mark.slow
def test_a_run_of_it(tmp_path):
    config = Extended.for_dataset(method="made-up", epochs=3)
    run = store.create(tmp_path, None, config)
    results = runner.train(config, run, load_data(config))
    assert (run.name, results["method"]) == ("digits-0-made-up", "Made Up")
    assert set(results["seconds"]) == {"training", "scoring"}
    assert kerasocc.load_model(run.model_file).nu == 0.5


def test_a_setting_is_defined_once():
    @dataclass(frozen=True, kw_only=True)
    class Copy:
        nu: float = setting(0.1, kinds.fraction(one=True), "a copy of the nu of Deep SVDD")

    @dataclass(frozen=True, kw_only=True)
    class Shared:
        epochs: int = setting(3, kinds.integer(1), "a copy of a shared setting")

    for settings, message in (
        (Copy, "`nu` must be defined once"),
        (Shared, "'epochs'. defined tw"),
    ):
        method = Method(name="copy", title="Copy", settings=settings, build=build)
        with pytest.raises(ValueError, match=message):
            config_class({**METHODS, "copy": method})
