"""The settings that published experiments fix."""

import numpy as np
import pytest

from kerasocc.experiments.config import TrainConfig


def test_protocol_fixes_the_settings_of_the_paper():
    config = TrainConfig.for_dataset("mnist", "deep-svdd", normal_class=3, seed=1, nu=0.2)
    assert (config.pretrain_epochs, config.pretrain_drop_at) == (150, (50,))
    assert (config.epochs, config.drop_at, config.batch_size) == (150, (50,), 200)
    assert (config.pretrain_weight_decay, config.weight_decay) == (0.5e-3, 0.5e-6)
    assert (config.learning_rate, config.validation, config.radius_update) == (1e-4, 0.0, "batch")
    assert (config.protocol, config.normal_class, config.seed, config.nu) == (
        "deep-svdd",
        3,
        1,
        0.2,
    )
    cifar = TrainConfig.for_dataset("cifar10", "deep-svdd")
    assert (cifar.pretrain_epochs, cifar.pretrain_drop_at) == (350, (250,))
    assert cifar.pretrain_weight_decay == 0.5e-6


def test_protocol_of_deep_sad():
    config = TrainConfig.for_dataset("mnist", "deep-sad", labelled_classes=[4], contamination=0.1)
    assert (config.method, config.batch_size, config.preprocessing) == ("deep-sad", 128, "unit")
    assert (config.labelled, config.labelled_classes, config.validation) == (0.05, (4,), 0)
    assert (config.epochs, config.drop_at, config.weight_decay) == (150, (50,), 0.5e-6)
    # The reference averages the reconstruction error over the 784 pixels, we sum it.
    assert (config.pretrain_epochs, config.pretrain_weight_decay) == (150, 0.5e-3 * 784)
    assert TrainConfig.for_dataset("mnist", "deep-sad", labelled=0).labelled == 0
    # The reference trains Deep SVDD on other inputs and in larger batches.
    assert TrainConfig.for_dataset("mnist", "deep-svdd").preprocessing is None


def test_protocol_of_deep_sad_on_a_table(tmp_path, monkeypatch):
    np.savez(tmp_path / "cardio.npz", X=np.zeros((4, 2)), y=[0, 0, 1, 1])
    for dataset in (str(tmp_path / "cardio.npz"), "cardio"):
        monkeypatch.setenv("KERASOCC_DATA_DIR", str(tmp_path))
        config = TrainConfig.for_dataset(dataset, "deep-sad")
        assert (config.method, config.labelled, config.preprocessing) == ("deep-sad", 0.01, None)
        assert config.pretrain_weight_decay == 0.5e-3 * 21


def test_protocol_against_collapse(tmp_path):
    config = TrainConfig.for_dataset("cifar10", "mode-collapse", altered="strokes", amount=1)
    assert (config.network, config.pooling, config.preprocessing) == ("resnet18", "max", "imagenet")
    assert (config.epochs, config.batch_size, config.learning_rate) == (30, 50, 1e-4)
    assert (config.weight_decay, config.validation, config.keep) == (5e-4, 0.2, "best")
    assert (config.normal_class, config.pretrain_epochs, config.image_size) == (None, 0, None)
    (tmp_path / "ship").mkdir()
    folder = TrainConfig.for_dataset(str(tmp_path), "mode-collapse", regularizer="noise")
    assert (folder.image_size, folder.regularizer, folder.network) == (224, "noise", "resnet18")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("mnist", "svdd"), "`protocol` must be one of .*deep-svdd.* Received: protocol='svdd'"),
        (
            ("digits", "deep-svdd"),
            r"for the data sets \['cifar10', 'mnist'\]. Received: dataset='d",
        ),
    ],
)
def test_unknown_protocol(arguments, message):
    with pytest.raises(ValueError, match=message):
        TrainConfig.for_dataset(*arguments)


def test_protocol_stands_without_what_it_fixes():
    with pytest.raises(ValueError, match=r"settings that it fixes: \['epochs', 'validation'\]"):
        TrainConfig.for_dataset("mnist", "deep-svdd", epochs=3, validation=0.1)
