"""The defaults that the command line and the estimators share."""

import dataclasses

import pytest

from kerasocc.defaults import members, training
from kerasocc.estimators import (
    AutoencoderDetector,
    DeepSVDDDetector,
    ICLDetector,
    NeuTraLADDetector,
    OCNNDetector,
    RobustAutoencoderDetector,
)
from kerasocc.experiments.config import TrainConfig


@pytest.mark.parametrize(
    ("method", "detector"),
    [
        ("deep-svdd", DeepSVDDDetector),
        ("oc-nn", OCNNDetector),
        ("neutral-ad", NeuTraLADDetector),
        ("autoencoder", AutoencoderDetector),
        ("robust-autoencoder", RobustAutoencoderDetector),
        ("icl", ICLDetector),
    ],
)
def test_both_train_tables_alike(tmp_path, method, detector):
    file = tmp_path / "table.csv"
    file.write_text("a,b,c\n" + "1,2,3\n" * 9)
    config = TrainConfig.for_dataset(str(file), method=method)
    used = detector()._training(is_image=False)
    for name in ("batch_size", "epochs", "steps", "learning_rate", "weight_decay"):
        assert getattr(config, name) == getattr(used, name), name
    if method != "oc-nn":  # which has features in place of an MLP
        of_network = {name: getattr(config, name) for name in ("use_bias", "batch_norm")}
        assert of_network == used.of_network()
    # None is the usual one of tables there.
    assert (config.preprocessing or "min-max") == used.preprocessing


def test_epochs_of_steps():
    assert training.epochs_of_steps(100, 128, 128) == 100
    assert training.epochs_of_steps(100, 129, 128) == 50
    assert training.epochs_of_steps(1, 10_000, 128) == 1


def test_members_by_the_kind_of_the_data():
    def methods(shape, samples=1000):
        return [member.method for member in members.automatic_members(shape, samples)]

    assert methods((9,)) == 4 * ["nearest-neighbors"] + 3 * ["deep-svdd"]
    assert methods((100,))[-2:] == 2 * ["neutral-ad"]
    longer = members.automatic_members((100,), 1000)[-1].settings
    assert longer == {"hidden": (128, 64, 32), "epochs": 100}
    assert methods((8, 8, 1)) == 4 * ["nearest-neighbors"]
    assert methods((7, 8, 1)) == 2 * ["nearest-neighbors"]
    few, many = (members.automatic_members((8, 8, 1), n)[0].settings for n in (1023, 1024))
    assert (few["components"], many["components"]) == (None, 256)
    assert dataclasses.is_dataclass(members.Member)


def test_members_for_hidden_anomalies():
    def found(shape):
        return members.automatic_members(shape, 1000, contaminated=True)

    subsets = dict(k=1, subsets=100)
    assert [member.settings for member in found((9,))[:3]] == [
        {"preprocessing": scaling, **subsets} for scaling in ("standard", "min-max", "robust")
    ]
    assert [member.neighbors for member in found((9,))] == 3 * [None] + [subsets]
    assert all(member.settings.items() >= subsets.items() for member in found((8, 8, 1)))
    assert found((100,))[3].neighbors == subsets


def test_a_length_replaces_that_of_the_method():
    by_steps = NeuTraLADDetector(steps=3)._training(is_image=False)
    assert (by_steps.epochs, by_steps.steps) == (None, 3)
    by_epochs = DeepSVDDDetector(epochs=4, batch_size=7)._training(is_image=False)
    assert (by_epochs.epochs, by_epochs.steps, by_epochs.batch_size) == (4, None, 7)
    assert DeepSVDDDetector()._training(is_image=True).pretrain_epochs == 100
