"""The default settings, by data and method."""

import dataclasses

import pytest

from kerasocc.experiments.config import TrainConfig
from kerasocc.experiments.config.data_defaults import DEFAULTS
from kerasocc.experiments.config.files import merged


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
        ("icl", "t.csv", (128, 100, 1e-3, ())),
        ("neutral-ad", "digits", (32, 60, 1e-3, (40,))),
        ("multi-head-rotnet", "mnist", (10, 16, 1e-3, ())),
        ("geo", "mnist", (128, 216, 1e-3, ())),
    ],
)
def test_defaults(method, dataset, expected, tmp_path):
    (tmp_path / "t.csv").write_text("a,b,c,label\n")
    dataset = str(tmp_path / dataset) if dataset.endswith("csv") else dataset
    config = TrainConfig.for_dataset(dataset, method=method)
    found = (config.batch_size, config.epochs, config.learning_rate, config.drop_at)
    assert found == expected
    assert (config.pretrain_epochs, config.pretrain_drop_at) == (0, ())


@pytest.fixture
def own_table(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("a,b,c,label\n")
    return str(path)


@pytest.mark.parametrize(
    ("method", "steps", "preprocessing"),
    [
        ("deep-svdd", 100, "standard"),
        ("autoencoder", 500, "standard"),
        ("robust-autoencoder", 500, "standard"),
        ("neutral-ad", 500, "min-max"),
    ],
)
def test_tables_have_steps_and_scaled_columns(method, steps, preprocessing, own_table):
    config = TrainConfig.for_dataset(own_table, method=method)
    assert (config.steps, config.epochs, config.drop_at) == (steps, None, ())
    assert (config.preprocessing, config.hidden) == (preprocessing, (128, 64))
    assert (config.batch_size, config.learning_rate) == (128, 1e-3)
    assert (config.pretrain_epochs, config.pretrain_drop_at) == (0, ())


def test_a_table_without_a_method_has_the_defaults_of_deep_svdd(own_table):
    assert TrainConfig.for_dataset(own_table) == TrainConfig.for_dataset(
        own_table, method="deep-svdd"
    )


def test_a_published_protocol_keeps_its_settings_on_tables(own_table):
    config = TrainConfig.for_dataset(own_table, "transductive")
    assert (config.epochs, config.steps, config.drop_at) == (150, None, (50,))
    assert (config.pretrain_epochs, config.pretrain_learning_rate) == (150, 1e-4)
    assert (config.preprocessing, config.hidden, config.learning_rate) == (None, None, 1e-4)
    config = TrainConfig.for_dataset(own_table, "transductive", method="neutral-ad")
    assert (config.epochs, config.preprocessing, config.batch_size) == (100, None, 128)


def test_epochs_and_steps_replace_each_other(own_table):
    config = TrainConfig.for_dataset(own_table, epochs=30, drop_at=(20,))
    assert (config.epochs, config.steps, config.drop_at) == (30, None, (20,))
    config = TrainConfig.for_dataset(steps=40)
    assert (config.epochs, config.steps, config.drop_at) == (None, 40, ())
    assert TrainConfig.for_dataset(own_table, steps=None, epochs=3).epochs == 3
    # As `--config` reads a run's settings, and the command line changes them.
    settings = dataclasses.asdict(TrainConfig.for_dataset(own_table))
    assert TrainConfig.for_dataset(**merged(settings, {"epochs": 3})).steps is None
    settings = dataclasses.asdict(TrainConfig.for_dataset())
    assert TrainConfig.for_dataset(**merged(settings, {"steps": 3})).epochs is None


def test_a_wide_resnet_is_not_pretrained():
    assert TrainConfig.for_dataset("cifar10", network="wide-resnet").pretrain_epochs == 0
