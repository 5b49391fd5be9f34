"""What a run is made of: settings, threshold, page, folders."""

import dataclasses
import json
import os

import numpy as np
import pytest

from kerasocc.datasets import altered, one_vs_rest
from kerasocc.experiments.config import TrainConfig
from kerasocc.experiments.config.data_defaults import DEFAULTS
from kerasocc.experiments.reports import page
from kerasocc.experiments.runs import folder, store
from kerasocc.experiments.runs.calibration import calibrate
from kerasocc.experiments.runs.data import describe, load_data
from kerasocc.models.scoring import threshold_at


def read(path):
    return json.loads(path.read_text())


# Settings.


def test_settings_survive_the_file(tmp_path):
    config = TrainConfig.for_dataset(
        "digits", normal_class="three", drop_at=(5, 9), nu=0.3, threshold_rate=0, seed=7
    )
    config.write(tmp_path / "config.json")
    assert TrainConfig.read(tmp_path / "config.json") == config
    assert set(read(tmp_path / "config.json")) == {f.name for f in dataclasses.fields(config)}


def test_default_drops_keep_their_proportion():
    usual = DEFAULTS["digits"]
    assert TrainConfig.for_dataset().drop_at == usual["drop_at"]
    doubled = TrainConfig.for_dataset(epochs=2 * usual["epochs"])
    assert doubled.drop_at == tuple(2 * drop for drop in usual["drop_at"])
    assert TrainConfig.for_dataset(epochs=1).drop_at == ()


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


# Threshold.


class Scores:
    """The part of a model that `calibrate` uses; samples are their own scores."""

    def calibrate(self, x, *, fpr):
        self.threshold = threshold_at(np.ravel(x), fpr)


@pytest.mark.parametrize(
    # (k + 1) / (n + 1) within the rate: of 20 samples 5 % leaves 0 above, 10 % leaves 1.
    ("samples", "rate", "above"),
    [(20, 0.05, 0), (20, 0.1, 1), (39, 0.05, 1), (30, 0.1, 2), (99, 0.05, 4), (20, 0, 0)],
)
def test_the_threshold_leaves_so_many_held_out_samples_above(digits, samples, rate, above):
    values = np.random.default_rng(1).permutation(samples).astype("float32")
    data = dataclasses.replace(digits, x_val=values[:, None], y_val=np.zeros(samples, "int8"))
    model = Scores()
    calibration = calibrate(model, data, rate)
    assert (values > model.threshold).sum() == above
    assert calibration["expected_rate"] == (above + 1) / (samples + 1)
    assert calibration["samples"] == samples and calibration["note"] is None


def test_too_few_or_no_held_out_samples_are_reported(digits):
    few = dataclasses.replace(digits, x_val=np.arange(9.0)[:, None], y_val=np.zeros(9, "int8"))
    model = Scores()
    calibration = calibrate(model, few, 0.05)
    assert model.threshold == 8
    assert "9 held-out normal samples are too few" in calibration["note"]
    assert "to be expected is 0.1" in calibration["note"]

    calibration = calibrate(model, digits, 0.05)
    assert calibration["on"] == "training samples"
    assert "no normal samples were held out" in calibration["note"]
    assert "Threshold: no normal samples" in page.page(
        {**report_figures(), "calibration": calibration}
    )


def report_figures():
    numbers = dict.fromkeys(
        [
            *("auc", "average_precision", "threshold", "flagged_fraction"),
            *("false_positive_rate", "true_positive_rate"),
        ],
        0.5,
    )
    samples = {part: {"normal": 1, "anomalous": 1} for part in ("training", "test")}
    samples["training"]["labelled"] = 1
    versions = {"python": "3", "tensorflow": None}
    texts = {"run": "<b>", "method": "Deep SVDD", "seed": 0, "backend": "jax", "versions": versions}
    return {**numbers, **texts, "samples": samples, "seconds": {"training": 1.0}}


def test_the_page_escapes_names_and_leaves_out_what_was_not_used():
    calibration = {"rate": 0.05, "samples": 9, "on": "x", "note": None}
    text = page.page({**report_figures(), "calibration": calibration})
    assert "<b>" not in text and "&lt;b&gt;" in text
    assert "tensorflow" not in text


# Folders.


def test_two_processes_cannot_work_on_one_run(tmp_path):
    run = store.create(tmp_path, None, TrainConfig.for_dataset())
    with run.locked():
        assert run.is_locked()
        with (
            pytest.raises(ValueError, match="is being trained by another process"),
            folder.RunFolder(run.path).locked(),
        ):
            pass
        with pytest.raises(FileNotFoundError, match="There is no unfinished run"):
            store.find_unfinished(tmp_path, None)
    assert store.find_unfinished(tmp_path, None).path == run.path


def test_names_are_numbered_and_never_taken_twice(tmp_path):
    config = TrainConfig.for_dataset(normal_class=3)
    names = [store.create(tmp_path, None, config).name for _ in range(3)]
    assert names == [f"digits-3-deep-svdd{end}" for end in ("", "-2", "-3")]
    with pytest.raises(ValueError, match="`name` must be new, .*`--resume`"):
        store.create(tmp_path, names[0], config)
    assert {path.name for path in tmp_path.iterdir()} == set(names)


def test_the_last_unfinished_run_is_resumed(tmp_path):
    config = TrainConfig.for_dataset()
    made = [store.create(tmp_path, name, config) for name in ("a", "b", "c", "d")]
    made[2].set_status(folder.FAILED, error="of itself")
    made[3].complete({})
    (tmp_path / "stray").mkdir()
    (tmp_path / "stray" / "results.json").write_text("{")
    assert not made[3].backup.exists()
    for run, moment in zip(made, (50, 100, 200, 300), strict=True):
        os.utime(run.results_file, (moment, moment))
    assert store.find_unfinished(tmp_path, None).name == "b"
    assert store.find_unfinished(tmp_path, "a").name == "a"


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


def test_the_head_learns_at_ten_times_the_rate(tmp_path):
    from kerasocc import networks
    from kerasocc.experiments.runs.building import make_callbacks, make_model

    config = TrainConfig.for_dataset(
        regularizer="noise", regularizer_weight=0.5, use_bias=True, learning_rate=2e-4
    )
    encoder = networks.lenet("digits", use_bias=True)
    model = make_model(config, encoder, None, None)
    assert float(np.array(model.regularizer.optimizer.learning_rate)) == pytest.approx(2e-3)
    (weighting,) = make_callbacks(config, tmp_path)
    assert weighting.fixed == 0.5


def test_an_autoencoder_is_trained_as_it_would_be_for_others():
    usual = TrainConfig.for_dataset("mnist")
    config = TrainConfig.for_dataset("mnist", method="robust-autoencoder", epochs=75)
    assert (config.pretrain_epochs, config.pretrain_drop_at) == (0, ())
    assert config.learning_rate == usual.pretrain_learning_rate
    assert config.weight_decay == usual.pretrain_weight_decay
    assert (usual.pretrain_drop_at, config.drop_at) == ((50,), (25,))


@pytest.mark.parametrize("lam", [0.5, float("inf")])
def test_settings_of_the_robust_autoencoder_survive_the_file(lam, tmp_path):
    config = TrainConfig.for_dataset(method="robust-autoencoder", lam=lam, norm="l21")
    config.write(tmp_path / "config.json")
    assert TrainConfig.read(tmp_path / "config.json") == config


def test_transductive_data_are_tested_on_what_they_are_trained_on():
    config = TrainConfig.for_dataset("digits", "transductive", normal_class=3, method="oc-nn")
    data = load_data(config)
    np.testing.assert_array_equal(data.x_test, data.x_train)
    np.testing.assert_array_equal(data.y_test, data.truth_train)
    # One in a hundred: 1 beside 110 normal ones.
    assert (data.y_test.sum(), len(data.y_test), len(data.x_val)) == (1, 111, 0)
    labelled = one_vs_rest("digits", labelled=0.1, contamination=0.1)
    assert len(labelled.transductive().x_test) == int((labelled.y_train == 0).sum())


def test_oc_nn_trains_briefly_on_images_that_deep_svdd_trains_long_on():
    config = TrainConfig.for_dataset("mnist", method="oc-nn")
    assert (config.epochs, config.learning_rate, config.drop_at) == (20, 1e-3, ())
    assert (config.pretrain_epochs, config.pretrain_drop_at) == (20, (15,))
    config = TrainConfig.for_dataset("mnist", method="oc-nn", train_encoder=False)
    assert (config.epochs, config.pretrain_epochs) == (150, 150)
    assert TrainConfig.for_dataset("mnist").epochs == 150


def test_a_network_that_does_not_fit_is_refused_before_there_is_a_run(tmp_path):
    from kerasocc.experiments.runs.networks import check_network, choose_network

    config = TrainConfig.for_dataset("cifar10", network="resnet18")
    assert choose_network(config, (32, 32, 3)) == "resnet18"
    with pytest.raises(ValueError, match="`network` must be left out: the samples are no images"):
        choose_network(config, (9,))
    missing = dataclasses.replace(config, weights=str(tmp_path / "w.npz"))
    with pytest.raises(FileNotFoundError, match="There is no file .*w.npz', which `weights` names"):
        check_network(missing, (32, 32, 3))


def test_the_best_epoch_needs_both_classes_among_the_samples_held_out(tmp_path):
    # Of two training anomalies a tenth is none.
    labels = np.repeat([0, 1], [60, 4])
    np.savez(tmp_path / "t.npz", X=np.random.default_rng(0).normal(size=(64, 3)), y=labels)
    options = dict(dataset=str(tmp_path / "t.npz"), validation=0.1)
    assert load_data(TrainConfig.for_dataset(**options)).y_val.sum() == 0
    message = "`validation` must leave normal samples and anomalies to choose the best epoch by"
    with pytest.raises(ValueError, match=message):
        load_data(TrainConfig.for_dataset(**options, keep="best"))


def test_altered_data_of_a_run():
    common = dict(amount=1, labelled=0.1, labelled_amount=2, preprocessing="unit")
    config = TrainConfig.for_dataset(
        method="deep-sad", altered="strokes", labelled_altered="blocks", **common
    )
    data = load_data(config)
    direct = altered("digits", kind="strokes", labelled_kind="blocks", validation=0.2, **common)
    for name in ("x_train", "y_train", "x_val", "x_test", "y_test"):
        np.testing.assert_array_equal(getattr(data, name), getattr(direct, name))
    np.testing.assert_allclose(data.preprocessing(data.x_val[:3]), data.x_val[:3] / 16)
    assert describe(data).startswith("digits-strokes-1. Samples of shape 8x8x1: train ")
    assert next(store.numbered_names(config)) == "digits-strokes-1-deep-sad"


def test_labels_are_the_default_of_the_method_that_uses_them():
    assert TrainConfig.for_dataset().labelled == 0
    assert TrainConfig.for_dataset(method="deep-sad").labelled == 0.05


def test_a_resnet_starts_without_an_autoencoder():
    config = TrainConfig.for_dataset("cifar10", network="resnet18", weights="w.npz")
    assert (config.pretrain_epochs, config.pretrain_drop_at) == (0, ())


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (dict(labelled=0.1), "`labelled` is of the method 'deep-sad'. Received: labelled=0.1"),
        (dict(eta=2.0), "`eta` is of the method 'deep-sad'"),
        (dict(method="deep-sad", nu=0.2), "`nu` is of the method 'deep-svdd' or 'oc-nn'. Rec"),
        (dict(method="deep-sad", objective="soft-boundary"), "`objective` is of the method"),
        (dict(method="sad"), r"`method` must be one of \['deep-svdd', 'deep-sad', 'oc-nn'"),
        (dict(units=8), "`units` is of the method 'oc-nn'. Received: units=8"),
        (dict(method="oc-nn", lam=1.0), "`lam` is of the method 'robust-autoencoder'"),
        (
            dict(method="oc-nn", regularizer="noise"),
            "`regularizer` is of the method 'deep-svdd' or",
        ),
        (
            dict(method="oc-nn", train_encoder=False, weight_decay=1e-6),
            "`weight_decay` must be 0 unless `train_encoder`",
        ),
        (dict(method="oc-nn", nu=0), r"`nu` must be in \(0, 1\]"),
        (dict(method="robust-autoencoder", lam=-1), "`lam` must be .* Received: lam=-1"),
        (dict(method="robust-autoencoder", lam=float("nan")), "`lam` must be .* Received: lam=nan"),
        (dict(method="robust-autoencoder", norm="l2"), "`norm` must be one of"),
        (dict(method="robust-autoencoder", noise_every=0), "`noise_every` must be an integer"),
        (dict(method="autoencoder", pretrain_epochs=2), "`pretrain_epochs` must be 0: the method"),
        (dict(method="autoencoder", network="resnet18"), "`network` must be left out: the method"),
        (dict(transductive="yes"), "`transductive` must be true or false"),
        (dict(method="deep-sad", eta=0), "`eta` must be a finite number above 0"),
        (dict(method="deep-sad", labelled=1), r"`labelled` must be in \[0, 1\)"),
        (dict(method="deep-sad", labelled_classes=0), "`labelled_classes` must be an integer of"),
        (dict(method="deep-sad", labelled_classes=[1.5]), "`labelled_classes` must be the number"),
        (dict(regularizer="both"), r"`regularizer` must be one of \['noise', 'variance'\]"),
        (dict(regularizer_weight=1.0), "`regularizer_weight` needs a `regularizer`. Received: r"),
        (dict(regularizer="noise", regularizer_weight=-1), "`regularizer_weight` must be a finite"),
        (dict(use_bias=1), "`use_bias` must be true or false. Received: use_bias=1"),
        (dict(pooling="max"), "`pooling` is of the network 'resnet18' alone"),
        (dict(weights="w.pth"), "`weights` is of the network 'resnet18' alone"),
        (dict(network="resnet18", pretrain_epochs=3), "`pretrain_epochs` must be 0: the network"),
        (dict(keep="best", validation=0), "`keep` must be 'last' where no samples are held out"),
        (dict(amount=2), "`amount` needs `altered`. Received: amount=2"),
        (dict(altered="strokes"), "`amount` must be given with `altered`: blocks per side"),
        (dict(altered="noise", amount=1), r"`altered` must be one of \['blocks', 'strokes'\]"),
        (dict(altered="blocks", amount=0), "`amount` must be an integer of at least 1"),
        (
            dict(altered="blocks", amount=2, normal_class=3),
            "`normal_class` must be left out with `altered`. Received: normal_class=3",
        ),
        (dict(altered="blocks", amount=2, contamination=0.1), "`contamination` must be left out"),
        (dict(preprocessing="gcn"), r"`preprocessing` must be one of \['contrast', 'unit', 'im"),
    ],
)
def test_settings_that_do_not_fit_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        TrainConfig.for_dataset(**settings)


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
