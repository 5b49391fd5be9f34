"""`kerasocc train` on contaminated data: latent labels, and methods with a task of their own."""

import csv
import json
import math

import numpy as np
import pandas
import pytest
import tensorflow as tf
from sklearn.metrics import roc_auc_score

import kerasocc
from kerasocc.cli import main
from kerasocc.experiments.config import TrainConfig
from kerasocc.experiments.runs import phases, runner
from kerasocc.experiments.runs.data import load_data
from tests.cli.helpers import status

COLUMNS = [f"c{i}" for i in range(6)]

OPTIONS = ["--label", "state", "--normal-class", "ok", "--contamination", "0.1"]

# Two of the 16 samples of a batch.
LATENT = ["--latent", "soft", "--assumed-contamination", "0.125"]

TABLE_METHODS = {
    "neutral-ad": ["--num-transforms", "4", "--transform", "mul", "--hidden", "16,8"],
    "icl": ["--window", "3", "--hidden", "32,16"],
}

SHORT = {
    "neutral-ad": ["--epochs", "8", "--batch-size", "16", "--learning-rate", "0.01"],
    "icl": ["--epochs", "8", "--batch-size", "16", "--learning-rate", "0.01"],
    "multi-head-rotnet": ["--epochs", "6"],
}


@pytest.fixture(scope="module")
def pumps(tmp_path_factory):
    """A table whose normal rows lie near a plane, and whose anomalies do not."""
    random = np.random.default_rng(0)
    rows = random.normal(size=(200, 2)) @ random.normal(size=(2, 6))
    rows += 0.1 * random.normal(size=rows.shape)
    bad = np.arange(200) % 4 == 3
    rows[bad] = 2 * random.normal(size=(bad.sum(), 6))
    path = tmp_path_factory.mktemp("data") / "pumps.csv"
    pandas.DataFrame(rows, columns=COLUMNS).assign(state=np.where(bad, "bad", "ok")).to_csv(
        path, index=False
    )
    return path


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    return tmp_path_factory.mktemp("runs")


def train(out, name, *arguments):
    assert main(["train", "--quiet", "--out", str(out), "--name", name, *arguments]) == 0
    return out / name


def of_table(pumps, method, *more):
    data = ["--dataset", str(pumps), *OPTIONS, "--method", method]
    return [*data, *SHORT[method], *TABLE_METHODS[method], *LATENT, *more]


def read(path):
    return json.loads(path.read_text())


def table(path):
    with open(path, newline="") as file:
        rows = list(csv.DictReader(file))
    return {name: np.array([float(row[name]) for row in rows]) for name in rows[0]}


@pytest.fixture(scope="module")
def run(out, pumps):
    """NeuTraL AD with soft latent labels on the table."""
    return train(out, "neutral", *of_table(pumps, "neutral-ad"))


def test_neutral_ad_on_a_table(run):
    model = kerasocc.load_model(run / "model.keras")
    assert isinstance(model, kerasocc.NeuTraLAD)
    assert (model.transforms.num_transforms, model.transforms.transform) == (4, "mul")
    assert model.temperature == 0.1 and model.encoder.output_shape == (None, 8)
    check_scores(run, auc=0.85)


@pytest.mark.slow
def test_icl_on_a_table(out, pumps):
    run = train(out, "icl", *of_table(pumps, "icl", "--temperature", "0.2"))
    model = kerasocc.load_model(run / "model.keras")
    assert isinstance(model, kerasocc.ICL) and model.temperature == 0.2
    # Ten orders of the columns, four windows of three among six; the code is the last width.
    assert model.encoder.output_shape == (None, 10, 4, 2, 16)
    check_scores(run, auc=0.85)


@pytest.fixture(scope="module")
def turned(out):
    """MHRot on sevens: a zero looks the same from below."""
    options = ["--method", "multi-head-rotnet", "--normal-class", "7", "--contamination", "0.1"]
    return train(out, "turned", *options, *SHORT["multi-head-rotnet"], "--latent", "hard")


@pytest.mark.slow
def test_multi_head_rotnet_on_images(turned):
    model = kerasocc.load_model(turned / "model.keras")
    assert isinstance(model, kerasocc.MultiHeadRotNet)
    assert model.shift == 2, "a quarter of the side"
    assert model.encoder.name == "digits_lenet"
    check_scores(turned, auc=0.75)


def check_scores(run, auc):
    """No pretraining, an AUC and a spread of the scores, and those of the saved model."""
    scores = table(run / "scores.csv")
    assert roc_auc_score(scores["label"], scores["score"]) > auc
    normal, anomalous = (scores["score"][scores["label"] == label] for label in (0, 1))
    assert np.median(anomalous) > 1.1 * np.median(normal)
    history = read(run / "history.json")
    assert set(history) == {"training"} and set(read(run / "results.json")["seconds"]) == {
        "training",
        "scoring",
    }
    assert history["training"]["loss"][-1] < history["training"]["loss"][0]
    model = kerasocc.load_model(run / "model.keras")
    data = load_data(TrainConfig.read(run / "config.json"))
    np.testing.assert_array_equal(model.score(data.x_test), scores["score"].astype("float32"))


def test_score_and_export_of_such_a_run(run, pumps, tmp_path, capsys):
    chosen = ["--out", str(run.parent), "--run", run.name]
    assert main(["score", str(pumps), *chosen, "--output", str(tmp_path / "scores.csv")]) == 0
    x = pandas.read_csv(pumps)[COLUMNS].to_numpy("float32")
    model = kerasocc.load_model(run / "model.keras")
    scores = table(tmp_path / "scores.csv")
    np.testing.assert_array_equal(scores["score"].astype("float32"), model.score(x))
    assert main(["export", str(tmp_path / "served"), *chosen]) == 0
    scorer = tf.saved_model.load(tmp_path / "served").signatures["serving_default"]
    served = scorer(inputs=tf.constant(x))
    np.testing.assert_allclose(served["score"], model.score(x), rtol=1e-4)
    np.testing.assert_array_equal(served["is_anomaly"], scores["is_anomaly"] == 1)


@pytest.mark.parametrize(
    ("name", "label"), [("run", 0.5), pytest.param("turned", 1.0, marks=pytest.mark.slow)]
)
def test_the_table_the_results_and_the_report_agree(name, label, request):
    run = request.getfixturevalue(name)
    data = load_data(TrainConfig.read(run / "config.json"))
    rows = table(run / "latent_labels.csv")
    # Rows of a table have numbers, scikit-learn's digits have none.
    named = ["row"] if name == "run" else []
    assert list(rows) == ["index", *named, "latent_label", "truth"]
    if named:
        np.testing.assert_array_equal(rows["row"], data.names_train)
    np.testing.assert_array_equal(rows["index"], np.arange(len(data.x_train)))
    np.testing.assert_array_equal(rows["truth"], data.truth_train)
    assert set(rows["latent_label"]) == {0.0, label}
    flagged = rows["latent_label"] > 0
    config = read(run / "config.json")
    assert flagged.sum() == round(config["assumed_contamination"] * len(flagged))
    found = read(run / "results.json")["latent_labels"]
    precision, recall = rows["truth"][flagged].mean(), flagged[rows["truth"] == 1].mean()
    assert found == {
        "mode": config["latent"],
        "samples": len(flagged),
        "flagged": flagged.sum(),
        "share": pytest.approx(flagged.mean()),
        "precision": pytest.approx(precision),
        "recall": pytest.approx(recall),
    }
    assert precision > 0.25, "chance is the contamination"
    page = (run / "report.html").read_text()
    title = {"soft": "LOE-S", "hard": "LOE-H"}[config["latent"]]
    words = f"{title}: {100 * flagged.mean():.1f} % of the training samples flagged, "
    assert f"{words}{100 * precision:.0f} % of them anomalies" in page
    assert "latent_labels.csv" in page


def test_known_labels_and_a_line_of_the_summary(tmp_path, capsys):
    options = ["--method", "deep-sad", "--latent", "known", "--contamination", "0.1"]
    run = train(tmp_path, "known", "--epochs", "1", "--pretrain-epochs", "0", *options)
    line = "Latent labels      known labels: 10.4 % of the training samples flagged, 100 % of them"
    assert f"\n{line} anomalies\n" in capsys.readouterr().out
    rows = table(run / "latent_labels.csv")
    np.testing.assert_array_equal(rows["latent_label"], rows["truth"])
    results = read(run / "results.json")
    found, samples = results["latent_labels"], results["samples"]["training"]
    assert (found["precision"], found["recall"]) == (1.0, 1.0)
    # Labelled anomalies are no guess.
    assert samples["labelled"] > 0 and rows["truth"].sum() == samples["anomalous"]
    assert found["samples"] == len(rows["index"]) == samples["normal"] + samples["anomalous"]


@pytest.mark.slow
def test_pretraining_and_head_are_blind(tmp_path):
    options = ["--method", "oc-nn", "--pretrain-epochs", "1", "--head-epochs", "2"]
    options += ["--latent", "refine", "--latent-warmup", "1", "--latent-refresh", "epoch"]
    run = train(tmp_path, "oc-nn", "--epochs", "2", "--contamination", "0.1", *options)
    history = read(run / "history.json")
    assert set(history) == {"pretraining", "head", "training"}
    logged = {name: phase.get("flagged_share") for name, phase in history.items()}
    assert logged == {"pretraining": None, "head": None, "training": [0.0, 0.1]}


class Stopped:
    """Interrupts a run once: after a number of epochs, or when the training is finished."""

    def __init__(self, monkeypatch, moment):
        self.monkeypatch, self.moment = monkeypatch, moment

    def __enter__(self):
        self.monkeypatch.setattr(phases, "SECONDS_BETWEEN_BACKUPS", 0)
        self.monkeypatch.setattr(phases, "BACKUP_SHARE", math.inf)
        if self.moment == "finished":
            self.monkeypatch.setattr(runner, "calibrate", self._interrupt)
            return
        save = kerasocc.NeuTraLAD.save_weights

        def stop(model, path):
            if int(np.array(model.epochs_trained)) > self.moment:
                raise KeyboardInterrupt
            save(model, path)

        self.monkeypatch.setattr(kerasocc.NeuTraLAD, "save_weights", stop)

    def _interrupt(self, *_, **__):
        raise KeyboardInterrupt

    def __exit__(self, *_):
        self.monkeypatch.undo()


AUTO = ["--latent", "hard", "--assumed-contamination", "auto", "--latent-warmup", "2"]


@pytest.fixture(scope="module")
def whole(out, pumps):
    """A run with an estimated share that nothing has interrupted."""
    return train(out, "whole", *of_table(pumps, "neutral-ad", *AUTO))


@pytest.mark.slow
def test_an_interrupted_run_ends_as_if_nothing_had_happened(whole, pumps, tmp_path, monkeypatch):
    history = read(whole / "history.json")["training"]
    estimated = history["flagged_share"].index(max(history["flagged_share"])) + 1
    assert history["flagged_share"][:2] == [0.0, 0.0] and estimated < len(history["loss"]) - 1
    resume = ["train", "--quiet", "--out", str(tmp_path), "--resume"]
    start = ["train", "--quiet", "--out", str(tmp_path), "--name", "stopped"]
    for command, moment in (
        ([*start, *of_table(pumps, "neutral-ad", *AUTO)], estimated + 1),
        (resume, "finished"),
    ):
        with Stopped(monkeypatch, moment):
            assert main(command) == 130
    stopped = tmp_path / "stopped"
    assert (stopped / "backup").exists() and status(stopped) == "interrupted"
    assert main(resume) == 0
    found = read(stopped / "history.json")["training"]
    assert found["flagged_share"] == history["flagged_share"] and found["loss"] == history["loss"]
    for name in ("scores.csv", "latent_labels.csv"):
        assert (stopped / name).read_bytes() == (whole / name).read_bytes(), name
    labels = [read(run / "results.json")["latent_labels"] for run in (stopped, whole)]
    assert labels[0] == labels[1] and labels[0]["flagged"] > 0
