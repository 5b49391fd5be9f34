"""A run on the digits: its files, its figures, and that it survives being killed."""

import csv
import dataclasses
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
from kerasocc.experiments import folder, report, runs
from kerasocc.experiments.calibration import calibrate
from kerasocc.experiments.config import DEFAULTS, TrainConfig
from kerasocc.models.scoring import threshold_at

PRETRAIN_EPOCHS, EPOCHS = 40, 24
SETTINGS = ["--pretrain-epochs", str(PRETRAIN_EPOCHS), "--epochs", str(EPOCHS)]
FILES = {
    *("model.keras", "config.json", "results.json", "history.json", "scores.csv", "report.html"),
    *("samples.png", "histogram.png", "roc.png", "training.png"),
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
    for picture in FILES & set(report.PICTURES):
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


def test_the_report_shows_what_is_beside_it(run):
    class Links(html.parser.HTMLParser):
        found: list = []

        def handle_starttag(self, tag, attrs):
            self.found += [v for k, v in attrs if k in ("src", "href")]
            assert tag != "img" or dict(attrs)["alt"]

    text = (run / "report.html").read_text()
    Links().feed(text)
    assert set(report.PICTURES) <= set(Links.found) <= FILES
    results = read(run / "results.json")
    assert f"{100 * results['auc']:.2f} %" in text and "held-out normal samples" in text


def start(*arguments):
    # Backups after every epoch: on a fast machine the phases take less than a second.
    code = (
        "import sys; from kerasocc.cli import main; from kerasocc.experiments import startup;"
        "startup.import_keras(); from kerasocc.experiments import phases;"
        "phases.SECONDS_BETWEEN_BACKUPS = 0; phases.BACKUP_SHARE = 1; sys.exit(main())"
    )
    command = [sys.executable, "-c", code, "train", "--quiet", *map(str, arguments)]
    # Without what the tests have set, to see that TensorFlow's chatter is dropped.
    environment = {k: v for k, v in os.environ.items() if k != "TF_CPP_MIN_LOG_LEVEL"}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen(command, env=environment, **pipes)


def kill_when_it_exists(process, path):
    stop = time.monotonic() + 60
    while not path.exists():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < stop
        time.sleep(0.005)
    process.kill()
    output, errors = process.communicate()
    assert (process.returncode, errors) == (-signal.SIGKILL, "")
    assert "Deep SVDD" not in output, "it was told to be quiet"


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
    target = runs.create(tmp_path, "broken", TrainConfig.read(run / "config.json"))
    results = read(run / "results.json")
    labels, scores, _ = table(run)
    histories = read(run / "history.json")
    model = kerasocc.load_model(run / "model.keras")
    with pytest.raises(OSError, match="No space left"):
        model.save(target.model_file)
        images = np.zeros((len(labels), 8, 8, 1))
        report.write_report(target, results, images, labels, scores, histories)
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
        ({"drop_at": [0]}, r"`drop_at` must hold epochs .*Received: drop_at=\[0\]"),
        ({"dataset": "moons"}, r"`dataset` must be one of \['digits'\]"),
        ({"normal_class": 1.5}, r"`normal_class` must be .*Received: normal_class=1\.5"),
        ({"learning_rate": 0}, r"`learning_rate` must be positive"),
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
    assert "Threshold: no normal samples" in report.page(
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
    versions = {"python": "3", "tensorflow": None}
    texts = {"run": "<b>", "seed": 0, "backend": "jax", "versions": versions}
    return {**numbers, **texts, "samples": samples, "seconds": {"training": 1.0}}


def test_the_page_escapes_names_and_leaves_out_what_was_not_used():
    calibration = {"rate": 0.05, "samples": 9, "on": "x", "note": None}
    text = report.page({**report_figures(), "calibration": calibration})
    assert "<b>" not in text and "&lt;b&gt;" in text
    assert "tensorflow" not in text


# Folders.


def test_two_processes_cannot_work_on_one_run(tmp_path):
    run = runs.create(tmp_path, None, TrainConfig.for_dataset())
    with run.locked():
        assert run.is_locked()
        with (
            pytest.raises(ValueError, match="is being trained by another process"),
            folder.RunFolder(run.path).locked(),
        ):
            pass
        with pytest.raises(FileNotFoundError, match="There is no unfinished run"):
            runs.find_unfinished(tmp_path, None)
    assert runs.find_unfinished(tmp_path, None).path == run.path


def test_names_are_numbered_and_never_taken_twice(tmp_path):
    config = TrainConfig.for_dataset(normal_class=3)
    names = [runs.create(tmp_path, None, config).name for _ in range(3)]
    assert names == [f"digits-3-deep-svdd{end}" for end in ("", "-2", "-3")]
    with pytest.raises(ValueError, match="`name` must be new, .*`--resume`"):
        runs.create(tmp_path, names[0], config)
    assert {path.name for path in tmp_path.iterdir()} == set(names)


def test_the_last_unfinished_run_is_resumed(tmp_path):
    config = TrainConfig.for_dataset()
    made = [runs.create(tmp_path, name, config) for name in ("a", "b", "c", "d")]
    made[2].set_status(folder.FAILED, error="of itself")
    made[3].complete({})
    (tmp_path / "stray").mkdir()
    (tmp_path / "stray" / "results.json").write_text("{")
    assert not made[3].backup.exists()
    for run, moment in zip(made, (50, 100, 200, 300), strict=True):
        os.utime(run.results_file, (moment, moment))
    assert runs.find_unfinished(tmp_path, None).name == "b"
    assert runs.find_unfinished(tmp_path, "a").name == "a"
