"""The definitions of the methods: their settings, and what is made from them."""

import argparse
import dataclasses
import re

import pytest

import kerasocc
from kerasocc.cli import make_parser
from kerasocc.experiments.config import TrainConfig
from kerasocc.experiments.methods import METHODS
from kerasocc.experiments.settings.setting import REQUIRED, check_alone, definition_of

FIELDS = TrainConfig.schema.fields
OWN = [(m.name, f.name) for m in METHODS.values() for f in dataclasses.fields(m.settings)]


def options():
    """The options of `kerasocc train`, by the name of the setting."""
    train = make_parser()._subparsers._group_actions[0].choices["train"]
    return {action.dest: action for action in train._actions}


def test_the_settings_of_the_methods_are_those_of_a_run():
    shared = [n for g in TrainConfig.schema.groups if not g.owners for n in g.fields]
    own = {name for _, name in OWN}
    assert set(shared) | own == {field.name for field in dataclasses.fields(TrainConfig)}
    assert not set(shared) & own and len(shared) == len(set(shared))


@pytest.mark.parametrize("name", FIELDS)
def test_every_setting_has_an_option_with_its_text(name):
    action, definition = options()[name], definition_of(FIELDS[name])
    assert action.option_strings[0] == f"--{name.replace('_', '-')}"
    assert definition.help and not definition.help.endswith(".")
    assert action.help.startswith(definition.help) and "(default: " in action.help
    assert action.default is argparse.SUPPRESS
    assert re.search(rf"^ +{name}: {re.escape(definition.help[:20])}", TrainConfig.__doc__, re.M)


@pytest.mark.parametrize("name", FIELDS)
def test_every_default_passes_its_own_check(name):
    field = FIELDS[name]
    default = field.default
    if default is REQUIRED:
        default = getattr(TrainConfig.for_dataset(), name)
    check_alone(field, default)
    with pytest.raises(ValueError, match=f"`{name}` must "):
        check_alone(field, object())


@pytest.mark.parametrize("name", FIELDS)
def test_what_an_option_is_given_is_what_the_setting_takes(name):
    field, action = FIELDS[name], options()[name]
    kind = definition_of(field).kind
    if kind.is_flag:
        assert isinstance(action, argparse.BooleanOptionalAction)
        return
    if kind.choices:
        assert tuple(action.choices) == kind.choices
        values = kind.choices
    else:
        values = [
            text
            for text in ("0.5", "3", "3,4", "name", "8x9", ",", "utf-8", "flip")
            if parses(field, text)
        ]
        assert values
    for value in values:
        check_alone(field, kind.parse(value))


def parses(field, text):
    try:
        check_alone(field, definition_of(field).kind.parse(text))
    except (ValueError, argparse.ArgumentTypeError):
        return False
    return True


@pytest.mark.parametrize("method", METHODS.values(), ids=lambda m: m.name)
@pytest.mark.parametrize("dataset", ["digits", "mnist", "cifar10", "table"])
def test_the_defaults_of_every_method_are_valid(method, dataset, tmp_path):
    if dataset == "table":
        dataset = str(tmp_path / "t.csv")
        (tmp_path / "t.csv").write_text("a,b,c,label\n")
    config = TrainConfig.for_dataset(dataset, method=method.name)
    assert config.definition is method
    # On tables Deep SVDD starts from random weights, OC-NN from random features.
    trains_at_once = config.preprocessing == "standard"
    assert bool(config.pretrain_epochs) == (method.pretrained and not trains_at_once)


@pytest.mark.parametrize(("method", "name"), OWN)
def test_a_setting_of_a_method_is_refused_for_others(method, name):
    owners = TrainConfig.schema.owners[name]
    assert method in owners
    other = next(m for m in METHODS if m not in owners)
    value = another_value(FIELDS[name])
    expected = f"`{name}` is of the method {' or '.join(map(repr, owners))}. Received: {name}="
    with pytest.raises(ValueError, match=re.escape(expected)):
        TrainConfig.for_dataset(method=other, **{name: value})


def another_value(field):
    kind = definition_of(field).kind
    if kind.is_flag:
        return not field.default
    candidates = [*kind.choices, 3, 0.25, "name"]
    for value in candidates:
        try:
            check_alone(field, value)
        except ValueError:
            continue
        if value != field.default:
            return value
    raise AssertionError(field.name)


BESIDE = {"nearest-neighbors": {"max_samples": 30, "coreset": "random"}}
"""Settings of methods that are valid beside other values of all others."""


@pytest.mark.parametrize(
    "method", [m for m in METHODS.values() if m.members is None], ids=lambda m: m.name
)
def test_every_method_builds_its_model_with_its_settings(method, tmp_path):
    config = TrainConfig.for_dataset(method=method.name, weight_decay=0.0)
    own = {field.name: field for field in dataclasses.fields(method.settings)}
    names = set(own) & set(built(method, config).get_config()) - {"regularizer"}
    changed = {name: another_value(own[name]) for name in names} | BESIDE.get(method.name, {})
    model = built(method, dataclasses.replace(config, **changed, seed=3))
    assert getattr(kerasocc, type(model).__name__) is type(model)
    found = model.get_config()
    assert {name: found[name] for name in names} == changed
    assert found["seed"] == 3
    for callback in method.callbacks(config, tmp_path):
        assert isinstance(callback, kerasocc.callbacks.StateCallback)


def test_a_coreset_reaches_the_model():
    config = TrainConfig.for_dataset(method="nearest-neighbors", coreset="greedy")
    assert built(METHODS["nearest-neighbors"], config).coreset == "greedy"


def built(method, config):
    networks = kerasocc.networks
    encoder, decoder = networks.lenet("digits"), networks.lenet_decoder("digits")
    if method.has_own_encoder(config):
        encoder, decoder = method.encoder(config, (8, 8, 1), 100), None
    options = dict(preprocessing=None, seed=config.seed, weight_decay=config.weight_decay)
    return method.build(config, encoder, decoder, options)
