"""What the tests of several subcommands share."""

import csv
import io
import json

import numpy as np
from scipy.io import savemat

from kerasocc.cli import main


def status(run):
    return json.loads((run / "results.json").read_text())["status"]


def refused(arguments, capsys):
    """The one line on standard error of a command that exits with 2."""
    try:
        code = main(arguments)
    except SystemExit as exit_:  # argparse's own
        code = exit_.code
    captured = capsys.readouterr()
    assert code == 2
    assert captured.err.startswith("kerasocc: error: ") and captured.err.count("\n") == 1
    return captured.err.removeprefix("kerasocc: error: ").strip()


COLUMNS = ["a", "b", "flow rate", "d"]

LABELS = ["--label", "state", "--normal-class", "ok"]

SIDE = 16


def of(run):
    """The options that choose a run."""
    return ["--out", str(run.parent), "--run", run.name]


def rows_of(text):
    return list(csv.DictReader(io.StringIO(text)))


def scored(source, run, capsys, *options):
    """The rows that `score` prints."""
    assert main(["score", str(source), *of(run), *options]) == 0
    captured = capsys.readouterr()
    rows = rows_of(captured.out)
    notes = captured.err.splitlines()
    assert len(notes) == 2 and notes[0].startswith(f"Scored {len(rows)} samples of ")
    flagged = sum(int(row["is_anomaly"]) for row in rows)
    assert notes[1].startswith(f"Flagged {flagged} of them ")
    return rows


def scores_in(rows):
    return np.array([float(row["score"]) for row in rows], "float32")


def assert_same_rows(found, expected, *, rtol=1e-5, atol=0.0):
    """Columns and values alike; scores and p-values but for rounding, or missing in both."""
    assert [list(row) for row in found] == [list(row) for row in expected]
    for name in expected[0]:
        columns = [[row[name] for row in rows] for rows in (found, expected)]
        if name in ("score", "p_value"):
            numbers = [np.array([float(v or "nan") for v in column]) for column in columns]
            np.testing.assert_allclose(*numbers, rtol=rtol, atol=atol)
        else:
            assert columns[0] == columns[1], name


def written(folder, name, frame):
    path = folder / name
    if name.endswith(".csv"):
        frame.to_csv(path, index=False)
    elif name.endswith(".parquet"):
        frame.to_parquet(path)
    elif name.endswith(".npz"):
        np.savez(path, X=frame[COLUMNS].to_numpy())
    elif name.endswith(".npy"):
        np.save(path, frame[COLUMNS].to_numpy())
    else:
        savemat(path, {"X": frame[COLUMNS].to_numpy()})
    return path
