"""`kerasocc evaluate`."""

import json
import shutil

import numpy as np
import pytest

from kerasocc.cli import main
from tests.cli.helpers import COLUMNS, of, refused, scored, written


def evaluated(tmp_path, capsys, *arguments):
    """What `evaluate` writes, after a look at what it prints."""
    output = tmp_path / "evaluation.json"
    assert main(["evaluate", *map(str, arguments), "--output", str(output)]) == 0
    results = json.loads(output.read_text())
    captured = capsys.readouterr()
    assert f"{100 * results['auc']:.2f} %" in captured.out and captured.err == ""
    assert f"{results['normal']} normal, {results['anomalous']} anomalous" in captured.out
    return results


def test_evaluate_gives_the_figures_of_the_run(pumps, pets, signs, tmp_path, capsys):
    for run in (pumps, pets, signs):
        of_run = json.loads((run / "results.json").read_text())
        found = evaluated(tmp_path, capsys, *of(run))
        assert found == {name: of_run[name] for name in found}
        assert {"auc", "threshold", "true_positive_rate", "normal"} < set(found)


def test_evaluate_labelled_files(place, pumps, pets, signs, frame, tmp_path, capsys):
    results = evaluated(tmp_path, capsys, place / "pumps.csv", *of(pumps))
    rows = scored(place / "pumps.csv", pumps, capsys)
    flagged = np.array([row["is_anomaly"] == "1" for row in rows])
    bad = (frame.state == "bad").to_numpy()
    assert (results["normal"], results["anomalous"]) == (90, 30)
    assert results["false_positive_rate"] == flagged[~bad].mean()
    assert results["true_positive_rate"] == flagged[bad].mean()
    other = evaluated(tmp_path, capsys, place / "pumps.csv", *of(pumps), "--normal-class", "bad")
    assert other["auc"] == pytest.approx(1 - results["auc"])

    renamed = frame.assign(quality=(frame.state == "bad") + 1).drop(columns="state")
    path = written(tmp_path, "renamed.csv", renamed)
    options = ["--label", "quality", "--normal-class", "1"]
    assert evaluated(tmp_path, capsys, path, *of(pumps), *options) == results

    assert evaluated(tmp_path, capsys, place / "pets", *of(pets))["normal"] == 20
    counts = evaluated(tmp_path, capsys, place / "signs.npz", *of(signs))
    assert (counts["normal"], counts["anomalous"]) == (20, 60)


def test_evaluate_refuses_what_it_cannot_rank(place, pumps, pets, signs, frame, tmp_path, capsys):
    table, folder = place / "pumps.csv", place / "pets"
    hole = written(tmp_path, "hole.csv", frame.assign(state=frame.state.mask(frame.index == 3)))
    bare = written(tmp_path, "bare.csv", frame[COLUMNS])
    array = written(tmp_path, "bare.npy", frame)
    with np.load(place / "signs.npz") as file:
        np.savez(tmp_path / "few.npz", images=file["images"], labels=file["labels"][:79])
    for arguments, message in [
        ([table, *of(pumps), "--normal-class", "7"], "must label normal samples (7) and anomalies"),
        (
            [table, *of(pumps), "--label", "no"],
            "must have labels called one of ['no']. Received: [",
        ),
        (
            [hole, *of(pumps)],
            "must label every row. Received: no label in row 3 (line 5), column 'state'",
        ),
        ([bare, *of(pumps)], "must have labels called one of ['state']"),
        ([array, *of(pumps)], "must have labels, and .npy files hold one array only"),
        ([folder / "cat", *of(pets)], "must hold a folder of images per class"),
        ([folder, *of(pets), "--normal-class", "cow"], "Received: labels ['cat', 'dög']"),
        ([folder, *of(pets), "--label", "x"], "`label` must be left out: the folders of"),
        ([tmp_path / "few.npz", *of(signs)], "one label for each of its 80 samples. Received: 79"),
        ([*of(pumps), "--label", "x"], "`--label` must be left out without FILE"),
        ([*of(pumps), "--normal-class", "bad"], "`--normal-class` must be left out without FILE"),
        ([*of(pets), "--unreadable", "skip"], "`--unreadable` must be left out without FILE"),
    ]:
        assert message in refused(["evaluate", *map(str, arguments)], capsys)


def test_evaluate_needs_the_data_of_the_run_where_they_were(place, pumps, tmp_path, capsys):
    shutil.copytree(pumps, tmp_path / "runs" / "moved")
    config = json.loads((pumps / "config.json").read_text())
    gone = {**config, "dataset": str(tmp_path / "gone.csv")}
    (tmp_path / "runs" / "moved" / "config.json").write_text(json.dumps(gone))
    message = refused(["evaluate", *of(tmp_path / "runs" / "moved")], capsys)
    assert message == f"There is no table {str(tmp_path / 'gone.csv')!r}."
