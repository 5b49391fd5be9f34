"""The default settings, by data and method."""

import pytest

from kerasocc.experiments.config import TrainConfig
from kerasocc.experiments.config.data_defaults import DEFAULTS


def test_default_drops_keep_their_proportion():
    usual = DEFAULTS["digits"]
    assert TrainConfig.for_dataset().drop_at == usual["drop_at"]
    doubled = TrainConfig.for_dataset(epochs=2 * usual["epochs"])
    assert doubled.drop_at == tuple(2 * drop for drop in usual["drop_at"])
    assert TrainConfig.for_dataset(epochs=1).drop_at == ()


def test_an_autoencoder_is_trained_as_it_would_be_for_others():
    usual = TrainConfig.for_dataset("mnist")
    config = TrainConfig.for_dataset("mnist", method="robust-autoencoder", epochs=75)
    assert (config.pretrain_epochs, config.pretrain_drop_at) == (0, ())
    assert config.learning_rate == usual.pretrain_learning_rate
    assert config.weight_decay == usual.pretrain_weight_decay
    assert (usual.pretrain_drop_at, config.drop_at) == ((50,), (25,))


def test_oc_nn_trains_briefly_on_images_that_deep_svdd_trains_long_on():
    config = TrainConfig.for_dataset("mnist", method="oc-nn")
    assert (config.epochs, config.learning_rate, config.drop_at) == (20, 1e-3, ())
    assert (config.pretrain_epochs, config.pretrain_drop_at) == (20, (15,))
    config = TrainConfig.for_dataset("mnist", method="oc-nn", train_encoder=False)
    assert (config.epochs, config.pretrain_epochs) == (150, 150)
    assert TrainConfig.for_dataset("mnist").epochs == 150


def test_labels_are_the_default_of_the_method_that_uses_them():
    assert TrainConfig.for_dataset().labelled == 0
    assert TrainConfig.for_dataset(method="deep-sad").labelled == 0.05


def test_a_resnet_starts_without_an_autoencoder():
    config = TrainConfig.for_dataset("cifar10", network="resnet18", weights="w.npz")
    assert (config.pretrain_epochs, config.pretrain_drop_at) == (0, ())


@pytest.mark.parametrize(
    ("method", "dataset", "expected"),
    [
        ("neutral-ad", "t.csv", (128, 100, 1e-3, ())),
        ("icl", "t.csv", (128, 100, 1e-3, ())),
        ("neutral-ad", "digits", (32, 60, 1e-3, (40,))),
        ("multi-head-rotnet", "mnist", (10, 16, 1e-3, ())),
    ],
)
def test_defaults(method, dataset, expected, tmp_path):
    (tmp_path / "t.csv").write_text("a,b,c,label\n")
    dataset = str(tmp_path / dataset) if dataset.endswith("csv") else dataset
    config = TrainConfig.for_dataset(dataset, method=method)
    found = (config.batch_size, config.epochs, config.learning_rate, config.drop_at)
    assert found == expected
    assert (config.pretrain_epochs, config.pretrain_drop_at) == (0, ())


def test_a_wide_resnet_is_not_pretrained():
    assert TrainConfig.for_dataset("cifar10", network="wide-resnet").pretrain_epochs == 0
