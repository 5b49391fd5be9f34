"""`kerasocc train` on normal samples alone, and the commands after it."""

import json
import shutil

import numpy as np
import pandas
import pytest
from PIL import Image

import kerasocc
from kerasocc.cli import main
from kerasocc.experiments.runs import runner
from tests.cli.helpers import COLUMNS, SIDE, of, refused, rows_of, scored, scores_in, written
from tests.datasets.image_examples import save

SHORT = ["--quiet", "--pretrain-epochs", "1", "--epochs", "2"]


@pytest.fixture(scope="module")
def normal(tmp_path_factory):
    """Normal rows, and rows of which the first three are not normal."""
    place = tmp_path_factory.mktemp("normal")
    random = np.random.default_rng(0)
    frame = pandas.DataFrame(random.normal(size=(200, 4)), columns=COLUMNS)
    written(place, "normal.csv", frame)
    frame = frame[:30] + 9 * (np.arange(30) < 3)[:, None]
    written(place, "new.csv", frame)
    written(place, "labelled.csv", frame.assign(state=["bad"] * 3 + ["ok"] * 27))
    return place


@pytest.fixture(scope="module")
def run(normal):
    command = ["train", "--quiet", "--dataset", str(normal / "normal.csv"), "--steps", "100"]
    assert main([*command, "--out", str(normal / "runs"), "--name", "table"]) == 0
    return normal / "runs" / "table"


def test_the_report_has_rates_and_no_auc(run):
    results = json.loads((run / "results.json").read_text())
    assert (results["auc"], results["labelled"]) == (None, False)
    assert results["samples"]["training"]["normal"] == 128
    assert (results["normal"], results["calibration"]["samples"]) == (40, 32)
    low, high = results["false_positive_rate_interval"]
    assert low <= results["false_positive_rate"] == results["flagged"] / 40 <= high
    page = (run / "report.html").read_text()
    assert "AUC (test)" not in page and "ROC" not in page and "Average precision" not in page
    assert "trained on 128 without labels, taken for normal; tested on 40 without labels" in page
    assert f"{results['flagged']} of 40 test samples" in page and "95 % interval" in page
    assert "Data: no column is called one of y, label, " in page
    assert "so that all rows are taken for normal; `label` names a column with labels." in page
    figures = {path.name for path in run.glob("*.png")}
    assert figures == {"histogram.png", "training.png"}
    rows = rows_of((run / "scores.csv").read_text())
    assert list(rows[0]) == ["index", "row", "score", "is_anomaly"]
    listed = max(rows, key=lambda row: float(row["score"]))
    assert f">row {listed['row']}</th>" in page[page.index("Largest scores") :]


def test_scores_of_the_run_are_those_of_its_rows(run, normal, capsys):
    rows = rows_of((run / "scores.csv").read_text())
    again = scored(normal / "normal.csv", run, capsys)
    expected = scores_in(again)[[int(row["row"]) for row in rows]]
    np.testing.assert_allclose(scores_in(rows), expected, rtol=1e-5)
    flagged = [row["is_anomaly"] for row in scored(normal / "new.csv", run, capsys)]
    assert flagged[:3] == ["1"] * 3 and flagged.count("1") < 12


def test_evaluate_and_export(run, normal, tmp_path, capsys):
    assert main(["evaluate", *of(run)]) == 0
    printed = capsys.readouterr().out
    assert "40 without labels" in printed and "AUC" not in printed
    labels = ["--label", "state", "--normal-class", "ok"]
    assert main(["evaluate", str(normal / "labelled.csv"), *of(run), *labels]) == 0
    printed = capsys.readouterr().out
    assert "100.00 %" in printed and "27 normal, 3 anomalous" in printed
    message = refused(["evaluate", str(normal / "new.csv"), *of(run)], capsys)
    assert "must have labels called one of" in message
    good = written(tmp_path, "good.csv", pandas.read_csv(normal / "labelled.csv")[3:])
    assert main(["evaluate", str(good), *of(run), *labels]) == 0
    printed = capsys.readouterr().out
    assert "27 normal, 0 anomalous" in printed and "False positives" in printed
    assert "AUC" not in printed
    assert main(["export", str(tmp_path / "served"), *of(run)]) == 0


def test_an_interrupted_run_is_resumed(run, normal, tmp_path, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    command = ["train", "--quiet", "--dataset", str(normal / "normal.csv"), "--steps", "100"]
    out = ["--out", str(tmp_path), "--name", "again"]
    monkeypatch.setattr(runner, "_finish", interrupted)
    assert main([*command, *out]) == 130
    monkeypatch.undo()
    assert main(["train", "--quiet", "--resume", *out]) == 0
    scores = [folder / "scores.csv" for folder in (run, tmp_path / "again")]
    assert scores[0].read_bytes() == scores[1].read_bytes()


def test_given_parts(normal, tmp_path, capsys):
    command = ["train", "--quiet", "--dataset", str(normal / "normal.csv"), "--steps", "20"]
    parts = ["--test-data", str(normal / "labelled.csv"), "--label", "state"]
    parts += ["--normal-class", "ok", "--validation-data", str(normal / "normal.csv")]
    assert main([*command, *parts, "--out", str(tmp_path), "--name", "parts"]) == 0
    results = json.loads((tmp_path / "parts" / "results.json").read_text())
    assert results["auc"] > 0.9 and results["labelled"]
    assert results["calibration"]["samples"] == 200
    assert (results["normal"], results["anomalous"]) == (27, 3)
    rows = rows_of((tmp_path / "parts" / "scores.csv").read_text())
    assert [row["label"] for row in rows] == ["1"] * 3 + ["0"] * 27
    capsys.readouterr()
    for options, message in (
        (["--test", "0.3"], "`test` must be left out with `test_data`. Received: test=0.3"),
        (["--transductive"], "`test_data` must be left out with `transductive`"),
        (["--validation", "0.3"], "`validation` must be left out with `validation_data`"),
        (["--keep", "best"], "`keep` must be 'last': the best epoch is chosen by the AUC of"),
    ):
        assert refused([*command, *parts, *options], capsys).startswith(message)


def test_a_flat_folder_of_photos(tmp_path, capsys):
    random = np.random.default_rng(0)
    for number in range(25):
        pixels = random.integers(90, 110, (5 * SIDE, 6 * SIDE, 3)).astype("uint8")
        save(tmp_path / "photos" / f"IMG {number:02}.png", pixels)
    (tmp_path / "photos" / "gone.png").symlink_to(tmp_path / "nowhere.png")
    for number in range(3):
        save(tmp_path / "bad" / f"{number}.png", random.integers(0, 256, (80, 96, 3), "uint8"))
    command = ["train", *SHORT, "--dataset", str(tmp_path / "photos"), "--out", str(tmp_path)]
    command += ["--image-size", str(SIDE), "--name", "run", "--pretrain-epochs", "0"]
    message = refused(command, capsys)
    assert "gone.png' cannot be read: it is a link to " in message
    with pytest.warns(UserWarning, match="Skipped 1 of 26 image files"):
        assert main([*command, "--unreadable", "skip"]) == 0
    run = tmp_path / "run"
    assert f"resized to {SIDE}x{SIDE}" in capsys.readouterr().out
    results = json.loads((run / "results.json").read_text())
    assert results["auc"] is None and results["normal"] == 5
    rows = rows_of((run / "scores.csv").read_text())
    assert list(rows[0]) == ["index", "file", "score", "is_anomaly"]
    for row in rows:
        # In the order and with the scores of the files that are named.
        (again,) = scored(tmp_path / "photos" / row["file"], run, capsys)
        assert float(again["score"]) == pytest.approx(float(row["score"]), rel=1e-4)
    with Image.open(run / "samples.png") as image:
        assert image.width > 500
    assert len(scored(tmp_path / "bad", run, capsys)) == 3
    assert "must hold a folder of images per class" in refused(
        ["evaluate", str(tmp_path / "bad"), *of(run)], capsys
    )


@pytest.mark.slow
@pytest.mark.parametrize("method", kerasocc.experiments.methods.METHODS)
def test_all_methods(method, normal, tmp_path, capsys):
    dataset, options = normal / "normal.csv", ["--epochs", "2"]
    if method == "deep-sad":
        options += ["--labelled", "0"]
    if method in ("nearest-neighbors", "auto"):
        options = []
    if method in ("multi-head-rotnet", "geo", "fcdd"):
        images = np.random.default_rng(0).integers(0, 256, (40, SIDE, SIDE, 3)).astype("uint8")
        dataset = tmp_path / "images.npz"
        np.savez(dataset, images=images)
    if method in ("hypersphere-classifier", "fcdd"):
        outliers = tmp_path / f"outliers{dataset.suffix}"
        shutil.copyfile(dataset, outliers)
        options += ["--outliers", str(outliers)]
    command = ["train", "--quiet", "--dataset", str(dataset), "--method", method, *options]
    assert main([*command, "--out", str(tmp_path), "--name", "run"]) == 0
    results = json.loads((tmp_path / "run" / "results.json").read_text())
    assert results["auc"] is None and results["false_positive_rate"] is not None
    capsys.readouterr()
    assert np.ptp(scores_in(scored(dataset, tmp_path / "run", capsys))) > 0
