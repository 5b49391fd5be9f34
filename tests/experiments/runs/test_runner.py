"""A run on the digits: its files, its figures, and that it survives being killed."""

import csv
import html.parser
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

import kerasocc
from kerasocc.cli import main
from kerasocc.experiments.config import TrainConfig
from kerasocc.experiments.reports import report
from kerasocc.experiments.reports.scored_samples import ScoredSamples
from kerasocc.experiments.runs import store
from kerasocc.experiments.runs.data import load_data

PRETRAIN_EPOCHS, EPOCHS = 40, 24

SETTINGS = ["--pretrain-epochs", str(PRETRAIN_EPOCHS), "--epochs", str(EPOCHS)]

FILES = {
    *(
        "model.keras",
        "config.json",
        "results.json",
        "data.json",
        "sample_format.json",
        "history.json",
        "scores.csv",
        "pictures.json",
        "report.html",
    ),
    *("samples.png", "histogram.png", "roc.png", "precision_recall.png", "training.png"),
}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run that nothing has interrupted."""
    out = tmp_path_factory.mktemp("runs")
    assert main(["train", "--out", str(out), "--name", "whole", *SETTINGS]) == 0
    return out / "whole"


def read(path):
    return json.loads(path.read_text())


def table(run):
    with open(run / "scores.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    columns = {name: np.array([float(row[name]) for row in rows]) for name in rows[0]}
    return columns["label"], columns["score"], columns["is_anomaly"]


def test_the_folder_holds_these_files_and_no_others(run):
    assert {path.name for path in run.iterdir()} == FILES
    for picture in FILES & set(report.FIGURES):
        content = (run / picture).read_bytes()
        assert content.startswith(b"\x89PNG") and len(content) > 5000


def test_results_agree_with_the_scores(run):
    labels, scores, decisions = table(run)
    results = read(run / "results.json")
    assert results["auc"] == roc_auc_score(labels, scores)
    assert results["average_precision"] == average_precision_score(labels, scores)
    np.testing.assert_array_equal(decisions, scores > results["threshold"])
    assert results["flagged_fraction"] == decisions.mean()
    assert results["false_positive_rate"] == decisions[labels == 0].mean()
    assert results["true_positive_rate"] == decisions[labels == 1].mean()
    assert results["samples"]["test"] == {
        "normal": (labels == 0).sum(),
        "anomalous": (labels == 1).sum(),
    }
    assert results["status"] == "complete"
    assert results["versions"]["kerasocc"] == kerasocc.__version__
    assert set(results["seconds"]) == {"pretraining", "training", "scoring"}


def test_it_detects_and_has_not_collapsed(run):
    labels, scores, _ = table(run)
    assert roc_auc_score(labels, scores) > 0.98
    assert np.median(scores[labels == 1]) > 3 * np.median(scores[labels == 0])
    assert read(run / "history.json")["training"]["embedding_spread"][-1] > 0.01


def test_the_saved_model_gives_the_scores_and_decisions(run):
    data = kerasocc.datasets.one_vs_rest("digits", normal_class=0, validation=0.2, seed=0)
    model = kerasocc.load_model(run / "model.keras")
    labels, scores, decisions = table(run)
    np.testing.assert_array_equal(labels, data.y_test)
    np.testing.assert_array_equal(model.score(data.x_test), scores.astype("float32"))
    np.testing.assert_array_equal(model.is_anomaly(data.x_test), decisions.astype(bool))


def test_the_history_has_every_epoch_of_both_phases(run):
    history = read(run / "history.json")
    lengths = {name: {len(v) for v in phase.values()} for name, phase in history.items()}
    assert lengths == {"pretraining": {PRETRAIN_EPOCHS}, "training": {EPOCHS}}
    for phase in history.values():
        assert phase["loss"][-1] < 0.5 * phase["loss"][0]
    rates = history["training"]["learning_rate"]
    drop = TrainConfig.read(run / "config.json").drop_at[0]
    assert drop == round(2 / 3 * EPOCHS)
    np.testing.assert_allclose(rates, [1e-3] * drop + [1e-4] * (EPOCHS - drop), rtol=1e-6)


def test_the_report_needs_no_other_file(run):
    class Links(html.parser.HTMLParser):
        found, tags = [], []

        def handle_starttag(self, tag, attrs):
            self.found += [v for k, v in attrs if k in ("src", "href")]
            self.tags.append(tag)
            assert tag != "img" or dict(attrs)["alt"]

    text = (run / "report.html").read_text()
    Links().feed(text)
    assert all(address.startswith(("data:", "#")) for address in Links.found)
    # 32 extremes, and what else is worth a look; a histogram, two curves, two phases.
    assert Links.tags.count("img") > 32 and Links.tags.count("svg") == 5
    assert "script" not in Links.tags
    results = read(run / "results.json")
    assert f"{100 * results['auc']:.2f} %" in text and "held-out normal samples" in text
    classes = {entry["name"]: entry for entry in results["classes"]}
    assert set(classes) == set("0123456789") and classes["0"]["label"] == 0
    found = sum(entry["flagged"] for entry in results["classes"])
    assert found == results["flagged"] and classes["8"]["auc"] > 0.9


def start(*arguments):
    # Backups after every epoch: on a fast machine the phases take less than a second.
    code = (
        "import sys; from kerasocc.cli import main; from kerasocc.experiments.runs import startup;"
        "startup.import_keras(); from kerasocc.experiments.runs import phases;"
        "phases.SECONDS_BETWEEN_BACKUPS = 0; phases.BACKUP_SHARE = 1; sys.exit(main())"
    )
    command = [sys.executable, "-c", code, "train", "--quiet", *map(str, arguments)]
    # Without what the tests have set, to see that TensorFlow's chatter is dropped.
    environment = {k: v for k, v in os.environ.items() if k != "TF_CPP_MIN_LOG_LEVEL"}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen(command, env=environment, **pipes)


def kill_when_it_exists(process, path):
    stop = time.monotonic() + 300  # a loaded machine imports slowly
    while not path.exists():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < stop
        time.sleep(0.005)
    process.kill()
    output, errors = process.communicate()
    assert (process.returncode, errors) == (-signal.SIGKILL, "")
    assert "Deep SVDD" not in output, "it was told to be quiet"


@pytest.mark.slow
def test_killed_in_both_phases_it_ends_as_if_nothing_had_happened(run, tmp_path):
    killed = tmp_path / "killed"
    process = start("--out", tmp_path, "--name", "killed", *SETTINGS)
    kill_when_it_exists(process, killed / "backup" / "pretraining.weights.h5")
    saved = read(killed / "backup" / "pretraining.history.json")
    assert 0 < len(saved["loss"]) < PRETRAIN_EPOCHS
    assert read(killed / "results.json")["status"] == "running"

    process = start("--out", tmp_path, "--resume")
    kill_when_it_exists(process, killed / "backup" / "training.weights.h5")
    saved = read(killed / "backup" / "training.history.json")
    assert 0 < len(saved["loss"]) < EPOCHS

    # What a process that is killed while it writes leaves behind.
    (killed / ".0123abcd-roc.png").write_bytes(b"half a picture")
    assert main(["train", "--out", str(tmp_path), "--resume"]) == 0
    assert_equal_runs(killed, run)
    assert {path.name for path in killed.iterdir()} == FILES


DEEP_SAD = [
    *("--method", "deep-sad", "--labelled-classes", "2", "--regularizer", "noise", "--use-bias"),
    *("--keep", "best", "--pretrain-epochs", "5", "--epochs", "16"),
]


@pytest.mark.slow
def test_a_killed_run_of_deep_sad_keeps_the_best_epoch_of_the_whole(tmp_path, capsys):
    assert main(["train", "--out", str(tmp_path), "--name", "whole", *DEEP_SAD]) == 0
    assert "Deep SAD on digits, normal class 0" in capsys.readouterr().out
    process = start("--out", tmp_path, "--name", "killed", *DEEP_SAD)
    kill_when_it_exists(process, tmp_path / "killed" / "backup" / "training.weights.h5")
    assert main(["train", "--out", str(tmp_path), "--resume"]) == 0
    assert_equal_runs(tmp_path / "killed", tmp_path / "whole")

    results = read(tmp_path / "whole" / "results.json")
    training = read(tmp_path / "whole" / "history.json")["training"]
    assert results["method"] == "Deep SAD"
    # 5 of 91 are 5 %.
    assert results["samples"]["training"] == {"normal": 86, "anomalous": 0, "labelled": 5}
    assert {"val_auc", "regularization", "regularization_weight"} <= set(training)
    model = kerasocc.load_model(tmp_path / "whole" / "model.keras")
    assert isinstance(model, kerasocc.DeepSAD)
    data = load_data(TrainConfig.read(tmp_path / "whole" / "config.json"))
    assert data.y_train.tolist() == [0] * 86 + [-1] * 5
    best = max(training["val_auc"])
    assert roc_auc_score(data.y_val, model.score(data.x_val)) == pytest.approx(best, abs=1e-6)
    assert int(np.array(model.epochs_trained)) == training["val_auc"].index(best) + 1
    assert best > 0.9 and results["auc"] > 0.9


OC_NN = ["--method", "oc-nn", "--pretrain-epochs", "10", "--epochs", "12"]


@pytest.mark.slow
def test_a_transductive_run_of_oc_nn(tmp_path, capsys):
    options = ["--protocol", "transductive", "--normal-class", "1", *OC_NN]
    assert main(["train", "--out", str(tmp_path), "--name", "run", *options]) == 0
    output = capsys.readouterr().out
    assert "OC-NN on digits, normal class 1" in output and "tested on" in output
    run = tmp_path / "run"
    labels, scores, _ = table(run)
    assert len(labels) == 110 and labels.sum() == 1
    model = kerasocc.load_model(run / "model.keras")
    # nu of the very samples that it is tested on lie beyond the hyperplane.
    assert np.mean(scores > 0) == pytest.approx(model.nu, abs=0.01)
    training = read(run / "history.json")["training"]
    assert {"r", "embedding_spread"} <= set(training) and training["embedding_spread"][-1] > 0.01
    assert len(read(run / "history.json")["head"]["loss"]) == 40


ROBUST = ["--method", "robust-autoencoder", "--lam", "2.5", "--norm", "l21", "--epochs", "16"]


@pytest.mark.slow
def test_a_killed_run_of_the_robust_autoencoder(tmp_path):
    options = [*ROBUST, "--contamination", "0.05", "--noise-every", "3"]
    assert main(["train", "--out", str(tmp_path), "--name", "whole", *options]) == 0
    process = start("--out", tmp_path, "--name", "killed", *options)
    kill_when_it_exists(process, tmp_path / "killed" / "backup" / "training.weights.h5")
    saved = read(tmp_path / "killed" / "backup" / "training.history.json")
    assert 0 < len(saved["loss"]) < 16
    assert main(["train", "--out", str(tmp_path), "--resume"]) == 0
    whole = tmp_path / "whole"
    assert_equal_runs(tmp_path / "killed", whole)
    assert {path.name for path in whole.iterdir()} == FILES | {"decomposition.png"}
    assert "Its reconstruction 1" in (whole / "report.html").read_text()
    shares = read(whole / "history.json")["training"]["noise_share"]
    assert shares[:2] == [0.0, 0.0] and 0 < shares[-1] < 1
    assert read(whole / "results.json")["auc_of_noise"] > 0.9
    assert "AUC (noise)" in (whole / "report.html").read_text()


def assert_equal_runs(one, other):
    assert (one / "scores.csv").read_bytes() == (other / "scores.csv").read_bytes()
    first, second = (kerasocc.load_model(path / "model.keras") for path in (one, other))
    for w, v in zip(first.weights, second.weights, strict=True):
        np.testing.assert_array_equal(np.array(w), np.array(v), err_msg=w.path)
    unlike = {"run", "seconds", "started", "finished"}
    results = [read(path / "results.json") for path in (one, other)]
    assert len({json.dumps({k: r[k] for k in set(r) - unlike}, sort_keys=1) for r in results}) == 1
    histories = [read(path / "history.json") for path in (one, other)]
    for history in histories:
        for phase in history.values():
            del phase["seconds"]
    assert histories[0] == histories[1]


@pytest.mark.parametrize("file", ["model.keras", "scores.csv", "samples.png", "results.json"])
def test_no_file_is_half_written(file, run, tmp_path, monkeypatch):
    def break_off(path, *_, **__):
        Path(path).write_bytes(b"half")
        raise OSError(28, "No space left on device", str(path))

    break_writing_of(file, break_off, monkeypatch)
    target = store.create(tmp_path, "broken", TrainConfig.read(run / "config.json"))
    results = read(run / "results.json")
    labels, scores, _ = table(run)
    histories = read(run / "history.json")
    model = kerasocc.load_model(run / "model.keras")
    with pytest.raises(OSError, match="No space left"):
        model.save(target.model_file)
        images = np.zeros((len(labels), 8, 8, 1))
        report.write_report(target.path, results, images, ScoredSamples(scores, labels), histories)
        target.complete(results)
    left = {path.name for path in target.path.iterdir()}
    assert left <= FILES - {file} | {"backup", "results.json"}
    assert read(target.results_file)["status"] == "running"


def break_writing_of(file, break_off, monkeypatch):
    """Make the writing of one file fail in the middle."""
    from matplotlib.figure import Figure

    if file == "model.keras":
        import keras

        monkeypatch.setattr(keras.Model, "save", lambda self, path, **_: break_off(path))
    owner, name = (Figure, "savefig") if file.endswith(".png") else (Path, "write_text")
    original = getattr(owner, name)

    def write(self, *arguments, **options):
        path = self if owner is Path else arguments[0]
        if path.name.endswith(f"-{file}") and path.parent.name == "broken":
            break_off(path)
        return original(self, *arguments, **options)

    monkeypatch.setattr(owner, name, write)
