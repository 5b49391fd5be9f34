"""`kerasocc calibrate`: another threshold for a run, without training."""

import io
import json
import os
import shutil

import numpy as np
import pandas
import pytest

import kerasocc
from kerasocc.cli import main
from kerasocc.engine.calibration import conformal_calibration
from tests.cli.helpers import LABELS, of, refused, rows_of, scored, scores_in
from tests.full_disk import largest_file


@pytest.fixture
def run(pumps, work):
    """A copy of the run, to be changed."""
    shutil.copytree(pumps, work / "runs" / "pumps")
    return work / "runs" / "pumps"


def contents(run):
    return {path.name: path.read_bytes() for path in run.iterdir() if path.is_file()}


def results_of(run):
    return json.loads((run / "results.json").read_text())


def test_the_threshold_changes_and_nothing_else(run, place, capsys):
    before, results = contents(run), results_of(run)
    held_out = kerasocc.load_model(run / "model.keras").sorted_calibration_scores()
    # What a process that is killed while it writes leaves behind.
    shutil.copytree(run, run / ".0123abcd-replacement")
    assert main(["calibrate", "pumps", "--fpr", "0.3"]) == 0
    assert {path.name for path in run.iterdir()} == set(before)
    expected = conformal_calibration(held_out, 0.3)
    assert expected.threshold < results["threshold"]

    changed = results_of(run)
    assert changed["threshold"] == expected.threshold
    assert changed["calibration"]["rate"] == 0.3 and changed["calibration"]["samples"] == 11
    assert changed["calibration"]["expected_rate"] == expected.expected_rate
    former = {"threshold": results["threshold"], **results["calibration"]}
    assert changed["earlier_thresholds"] == [former]
    assert changed["finished"] == results["finished"] and changed["auc"] == results["auc"]

    old, new = (
        pandas.read_csv(io.BytesIO(text))
        for text in (before["scores.csv"], contents(run)["scores.csv"])
    )
    assert list(new) == list(old)
    for name in set(old) - {"is_anomaly"}:
        np.testing.assert_array_equal(new[name], old[name])
    np.testing.assert_array_equal(new["is_anomaly"], new["score"] > expected.threshold)
    assert changed["flagged_fraction"] == new["is_anomaly"].mean() > old["is_anomaly"].mean()
    assert changed["false_positive_rate"] == new["is_anomaly"][new["label"] == 0].mean()

    printed = capsys.readouterr().out
    for text in (printed, (run / "report.html").read_text()):
        assert f"{expected.threshold:.4g}, for a false positive rate of 30 %" in text
        assert f"before, the threshold was {results['threshold']:.4g}" in text
    drawn = {name for name, content in contents(run).items() if content != before[name]}
    assert drawn == {
        "model.keras",
        "results.json",
        "scores.csv",
        "report.html",
        "histogram.png",
        "roc.png",
        "precision_recall.png",
    }
    assert set(contents(run)) == set(before)

    rows = scored(place / "pumps.csv", run, capsys)
    decisions = [int(row["is_anomaly"]) for row in rows]
    np.testing.assert_array_equal(decisions, scores_in(rows) > np.float32(expected.threshold))
    assert main(["calibrate", str(run), "--fpr", "0.05"]) == 0
    assert (run / "scores.csv").read_bytes() == before["scores.csv"]
    assert len(results_of(run)["earlier_thresholds"]) == 2


def test_the_threshold_is_set_on_other_normal_samples(run, place, frame, work, capsys):
    normal = frame[frame["state"] == "ok"].drop(columns="state")
    normal.iloc[:50].to_csv("normal.csv", index=False)
    rows = scored("normal.csv", run, capsys)
    assert main(["calibrate", "pumps", "--fpr", "0.1", "--data", "normal.csv"]) == 0
    expected = conformal_calibration(scores_in(rows), 0.1)
    results = results_of(run)
    assert results["threshold"] == expected.threshold and results["calibration"]["samples"] == 50
    assert results["calibration"]["on"] == "normal samples of normal.csv"
    # From here on these are the samples that the model knows.
    assert main(["calibrate", "pumps", "--fpr", "0.2"]) == 0
    results = results_of(run)
    assert results["threshold"] == conformal_calibration(scores_in(rows), 0.2).threshold
    assert results["calibration"]["on"] == "normal samples of normal.csv"
    assert main(["score", "normal.csv", "--p-values", "--run", "pumps"]) == 0
    printed = capsys.readouterr().out
    values = [float(row["p_value"]) for row in rows_of(printed[printed.index("row,score") :])]
    assert min(values) == 2 / 51


@pytest.mark.slow
def test_a_run_that_has_held_nothing_out_takes_its_training_samples(place, work, capsys):
    options = ["--dataset", str(place / "pumps.csv"), *LABELS, "--validation", "0"]
    assert (
        main(
            [
                "train",
                "--quiet",
                "--pretrain-epochs",
                "1",
                "--epochs",
                "2",
                "--name",
                "all",
                *options,
            ]
        )
        == 0
    )
    run = work / "runs" / "all"
    before = results_of(run)
    assert main(["calibrate", "all", "--fpr", "0.5"]) == 0
    after = results_of(run)
    assert after["threshold"] < before["threshold"]
    assert after["calibration"]["on"] == "training samples"
    assert "Note" in capsys.readouterr().out and after["calibration"]["note"]


@pytest.mark.parametrize("size", [3000, 60000])
def test_a_disk_that_takes_no_more_leaves_all_files_as_they_were(size, run, capsys):
    before = contents(run)
    with largest_file(size):
        message = refused(["calibrate", "pumps", "--fpr", "0.3"], capsys)
    assert message.startswith("File too large: '") and str(run.name) in message
    assert contents(run) == before and not (run / "backup").exists()


def test_a_process_that_is_killed_between_two_files(run, monkeypatch, capsys):
    before, replace, moved = contents(run), os.replace, []

    def killed(source, target):
        if os.path.basename(os.path.dirname(source)) == "replacement":
            moved.append(os.path.basename(target))
            if len(moved) == 3:
                raise KeyboardInterrupt
        replace(source, target)

    monkeypatch.setattr(os, "replace", killed)
    assert main(["calibrate", "pumps", "--fpr", "0.3"]) == 130
    monkeypatch.undo()
    half = {name for name, content in contents(run).items() if content != before.get(name)}
    assert len(half) == 2
    # Whoever uses the run next finishes it.
    output = run.parent.parent / "found.json"
    assert main(["evaluate", *of(run), "--output", str(output)]) == 0
    found = json.loads(output.read_text())
    assert results_of(run)["calibration"]["rate"] == 0.3
    assert results_of(run)["threshold"] == found["threshold"]
    assert {path.name for path in run.iterdir()} == set(before)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["absent", "--fpr", "0.1"], "There is no run 'runs/absent'"),
        (["pumps", "--fpr", "1"], "`fpr` must be in [0, 1). Received: fpr=1.0"),
        (["pumps", "--fpr", "nan"], "`fpr` must be in [0, 1). Received: fpr=nan"),
        (["pumps", "--fpr", "x"], "argument --fpr: invalid float value: 'x'"),
        (["pumps"], "the following arguments are required: --fpr"),
        (["pumps", "--fpr", "0.1", "--data", "absent.csv"], "no file or folder 'absent.csv'"),
        (
            ["pumps", "--fpr", "0.1", "--data", "other.csv"],
            "no column ['a', 'b', 'flow rate', 'd']",
        ),
        (["unfinished", "--fpr", "0.1"], "must be complete. Received: interrupted"),
    ],
)
def test_what_cannot_be_calibrated_is_refused(arguments, message, run, work, capsys):
    (work / "other.csv").write_text("x,y\n1,2\n")
    (work / "runs" / "unfinished").mkdir()
    (work / "runs" / "unfinished" / "results.json").write_text('{"status": "interrupted"}')
    before = contents(run)
    assert message in refused(["calibrate", *arguments], capsys)
    assert contents(run) == before


@pytest.mark.slow
def test_the_run_that_was_finished_last_remains_the_default(run, pets, work, capsys):
    shutil.copytree(pets, work / "runs" / "pets")
    for name, day in (("pumps", 1), ("pets", 2)):
        path = work / "runs" / name / "results.json"
        finished = f"2026-01-0{day}T00:00:00+00:00"
        path.write_text(json.dumps({**json.loads(path.read_text()), "finished": finished}))
    assert main(["calibrate", "pumps", "--fpr", "0.3"]) == 0
    assert main(["evaluate"]) == 0
    assert f"{results_of(work / 'runs' / 'pets')['threshold']:.4g}" in capsys.readouterr().out


def test_names_of_files_in_another_encoding_are_kept(pets, work, capsys):
    run = work / "runs" / "pets"
    shutil.copytree(pets, run)
    content = (run / "scores.csv").read_bytes().replace("dög".encode(), b"d\xf6g")
    (run / "scores.csv").write_bytes(content)
    assert main(["calibrate", "pets", "--fpr", "0.3"]) == 0
    changed = (run / "scores.csv").read_bytes()
    assert changed.count(b"d\xf6g") == content.count(b"d\xf6g") > 0
