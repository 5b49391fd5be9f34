"""Which trained model a subcommand takes, and where it writes."""

import json
import os
import shutil

import numpy as np
import pytest

import kerasocc
from kerasocc.cli import main
from tests.cli.helpers import COLUMNS, LABELS, of, refused, rows_of, scores_in, written


@pytest.mark.parametrize("command", ["score", "evaluate"])
def test_an_output_that_cannot_be_written_is_refused_at_once(
    command, place, pumps, tmp_path, capsys, monkeypatch
):
    def too_late(*_):
        raise AssertionError("the model was loaded")

    monkeypatch.setattr("kerasocc.experiments.runs.trained.FoundModel.load", too_late)
    shutil.copy(place / "pumps.csv", tmp_path / "mine.csv")
    (tmp_path / "link.csv").symlink_to(tmp_path / "mine.csv")
    for output, message in [
        (str(tmp_path), "`--output` must be a file. Received: --output"),
        ("", "`--output` must be a file. Received: --output ''"),
        (os.devnull, "`--output` must be a file"),
        (str(tmp_path / "no" / "x.csv"), f"There is no folder {str(tmp_path / 'no')!r} for"),
        (str(tmp_path / "mine.csv"), "`--output` must not replace FILE"),
        (str(tmp_path / "link.csv"), "`--output` must not replace FILE"),
    ]:
        arguments = [command, str(tmp_path / "mine.csv"), *of(pumps), "--output", output]
        assert message in refused(arguments, capsys)
    assert (tmp_path / "mine.csv").read_bytes() == (place / "pumps.csv").read_bytes()


def test_a_model_file_alone(place, pumps, frame, tmp_path, capsys):
    model = kerasocc.load_model(pumps / "model.keras")
    alone = str(shutil.copy(pumps / "model.keras", tmp_path / "alone.keras"))
    path = str(written(tmp_path, "x.csv", frame[COLUMNS]))
    assert main(["score", path, "--model", alone]) == 0
    scores = model.score(frame[COLUMNS].to_numpy("float32"))
    np.testing.assert_array_equal(scores_in(rows_of(capsys.readouterr().out)), scores)

    # It knows the names of its columns.
    assert main(["score", str(place / "pumps.csv"), "--model", alone]) == 0
    np.testing.assert_array_equal(scores_in(rows_of(capsys.readouterr().out)), scores)
    message = refused(["evaluate", "--model", alone], capsys)
    assert "`FILE` must be given: a model file alone does not say" in message
    labelled = ["evaluate", str(place / "pumps.csv"), "--model", alone]
    message = refused(labelled, capsys)
    assert "or `label` must name them" in message
    assert "must label normal samples (0)" in refused([*labelled, "--label", "state"], capsys)
    assert main([*labelled, *LABELS]) == 0
    assert "90 normal, 30 anomalous" in capsys.readouterr().out

    # The model in the folder of its run knows the columns.
    in_run = ["score", str(place / "pumps.csv"), "--model", str(pumps / "model.keras")]
    assert main(in_run) == 0
    np.testing.assert_array_equal(scores_in(rows_of(capsys.readouterr().out)), scores)


def test_a_model_without_a_threshold_gives_no_decisions(place, pumps, frame, tmp_path, capsys):
    model = kerasocc.load_model(pumps / "model.keras")
    model.threshold.assign(np.inf)
    model.save(tmp_path / "m.keras")
    options = ["--model", str(tmp_path / "m.keras")]
    path = str(written(tmp_path, "x.csv", frame[COLUMNS]))
    assert main(["score", path, *options]) == 0
    captured = capsys.readouterr()
    rows = rows_of(captured.out)
    assert list(rows[0]) == ["row", "score"] and len(rows) == 120
    assert captured.err.splitlines()[1].startswith("The model has no threshold")
    output = tmp_path / "results.json"
    labelled = [str(place / "pumps.csv"), *LABELS, "--output", str(output)]
    assert main(["evaluate", *labelled, *options]) == 0
    assert "Threshold" not in capsys.readouterr().out
    results = json.loads(output.read_text())
    assert results["threshold"] is None and results["false_positive_rate"] is None
    assert 0 <= results["auc"] <= 1


@pytest.mark.parametrize("command", ["score", "evaluate", "export"])
def test_no_model_is_one_clear_line(command, place, pumps, tmp_path, capsys):
    target = str(tmp_path / "exported") if command == "export" else str(place / "pumps.csv")
    out = tmp_path / "runs"
    for name in ("half", "cut", "torn", "other", "odd", "bare"):
        shutil.copytree(pumps, out / name)
    results = json.loads((pumps / "results.json").read_text())
    (out / "half" / "results.json").write_text(json.dumps({**results, "status": "running"}))
    (out / "cut" / "model.keras").write_bytes((pumps / "model.keras").read_bytes()[:999])
    (out / "torn" / "sample_format.json").write_text('{"kind": "table"')
    (out / "other" / "sample_format.json").write_text('{"kind": "table"}')
    content = json.loads((pumps / "sample_format.json").read_text())
    (out / "odd" / "sample_format.json").write_text(json.dumps({**content, "shape": None}))
    (out / "bare" / "sample_format.json").unlink()
    inside = ["--out", str(out)]
    both = [*of(pumps), "--model", str(pumps / "model.keras")]
    for options, message in [
        ([*inside, "--run", "half"], "must be complete. Received: running"),
        ([*inside, "--run", "cut"], "must be a complete `.keras` file"),
        ([*inside, "--run", "torn"], "sample_format.json is not a readable JSON file"),
        ([*inside, "--run", "other"], "sample_format.json must be a JSON object with the entries"),
        ([*inside, "--run", "odd"], "sample_format.json must fit to the model, which takes sam"),
        ([*inside, "--run", "bare"], "sample_format.json"),
        ([*inside, "--run", "absent"], "There is no run"),
        (["--out", str(tmp_path / "no")], "There is no finished run in"),
        (["--model", str(tmp_path / "no.keras")], "There is no model file"),
        (["--model", str(pumps / "config.json")], "must be a complete `.keras` file"),
        (["--model", str(pumps)], "must be a complete `.keras` file"),
        (both, "`--run` and `--model` exclude each other"),
    ]:
        assert message in refused([command, target, *options], capsys)
    assert not (tmp_path / "exported").exists()


def test_the_run_that_was_finished_last_is_taken(place, pumps, pets, tmp_path, capsys):
    for age, run in ((1, pumps), (2, pets)):
        shutil.copytree(run, tmp_path / run.name)
        path = tmp_path / run.name / "results.json"
        finished = {"finished": f"2026-01-0{3 - age}T00:00:00+00:00"}
        path.write_text(json.dumps({**json.loads(path.read_text()), **finished}))
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "results.json").write_text("{")
    assert main(["score", str(place / "pumps.csv"), "--out", str(tmp_path)]) == 0
    assert str(tmp_path / "pumps" / "model.keras") in capsys.readouterr().err
