"""`kerasocc drift`: alarms where scores have changed, and names the columns."""

import numpy as np
import pandas
import pytest

import kerasocc
from kerasocc.cli import main
from tests.cli.helpers import COLUMNS, refused, rows_of


@pytest.fixture(scope="module")
def model_file(pumps, tmp_path_factory):
    """The model of a run, calibrated on 300 samples."""
    model = kerasocc.load_model(pumps / "model.keras")
    x = np.random.default_rng(1).normal(size=(300, 4)).astype("float32")
    model.calibrate(x, fpr=0.05)
    path = tmp_path_factory.mktemp("drift") / "model.keras"
    model.save(path)
    return path


def table(rows, shift=0.0, column="b", seed=0):
    frame = pandas.DataFrame(
        np.random.default_rng(seed).normal(size=(rows, 4)).round(6), columns=COLUMNS
    )
    frame[column] += shift
    return frame


def scores_of(frame, model_file, tmp_path, capsys, **more):
    frame.to_csv(tmp_path / "x.csv", index=False)
    path = tmp_path / "scores.csv"
    command = ["score", str(tmp_path / "x.csv"), "--model", str(model_file), "--output", str(path)]
    assert main(command) == 0
    capsys.readouterr()
    if more:
        pandas.read_csv(path).assign(**more).to_csv(path, index=False)
    return str(path)


def drift(path, model_file, capsys, *options, code=0):
    assert main(["drift", path, "--model", str(model_file), *options]) == code
    captured = capsys.readouterr()
    return rows_of(captured.out), captured.err.splitlines()


def test_windows_of_counts_and_the_columns(model_file, tmp_path, capsys):
    frame = pandas.concat([table(600), table(300, shift=3.0, seed=1), table(50, seed=2)])
    path = scores_of(frame, model_file, tmp_path, capsys)
    table(400, seed=3).to_csv(tmp_path / "normal.csv", index=False)
    columns = ["--data", str(tmp_path / "x.csv"), "--reference", str(tmp_path / "normal.csv")]
    rows, notes = drift(path, model_file, capsys, "--window", "300", *columns)
    assert [row["first"] for row in rows] == ["0", "300", "600", "900"]
    assert [row["last"] for row in rows] == ["299", "599", "899", "949"]
    assert [row["samples"] for row in rows] == ["300", "300", "300", "50"]
    assert [row["drift"] for row in rows] == ["0", "0", "1", ""]
    assert rows[2]["scores_are"] == "higher" and float(rows[2]["p_value"]) < 1e-6
    assert rows[2]["columns"].startswith("b 0.") and ";" not in rows[2]["columns"]
    assert rows[0]["columns"] == rows[1]["columns"] == rows[3]["columns"] == ""
    scores = pandas.read_csv(path)
    assert float(rows[2]["flagged"]) == pytest.approx(scores.is_anomaly[600:900].mean(), abs=1e-4)
    assert notes[0].startswith("1 of 3 windows have drifted from 300 scores of the calibration")
    assert notes[1] == "1 more have fewer than 100 scores."
    drift(path, model_file, capsys, "--window", "300", "--fail", code=1)
    drift(path, model_file, capsys, "--fail", "--least", "951")
    output = tmp_path / "drift.csv"
    assert drift(path, model_file, capsys, "--output", str(output))[0] == []
    assert len(rows_of(output.read_text())) == 1


@pytest.mark.parametrize("numbers", [False, True])
def test_windows_of_time(numbers, model_file, tmp_path, capsys):
    begin = pandas.Timestamp("2026-01-01T05:30:00")
    moments = begin + pandas.to_timedelta(np.arange(600), "min")
    frame = pandas.concat([table(390), table(210, shift=3.0, seed=1)])
    when = moments.astype("int64") // 10 ** (9 if moments.unit == "ns" else 6)
    if not numbers:
        when = moments.strftime("%Y-%m-%dT%H:%M:%S")
    path = scores_of(frame, model_file, tmp_path, capsys, when=when)
    rows, _ = drift(path, model_file, capsys, "--window", "6h", "--time", "when")
    assert [row["first"][:16] for row in rows] == ["2026-01-01T00:00", "2026-01-01T06:00"] + [
        "2026-01-01T12:00"
    ]
    # 30 minutes before six, six hours, 210 minutes.
    assert [row["samples"] for row in rows] == ["30", "360", "210"]
    assert [row["drift"] for row in rows] == ["", "0", "1"]


def test_rows_without_a_score_are_counted(model_file, tmp_path, capsys):
    path = scores_of(table(300), model_file, tmp_path, capsys)
    scores = pandas.read_csv(path)
    scores.loc[:9, "score"] = np.nan
    scores.to_csv(path, index=False)
    (row,), _ = drift(path, model_file, capsys)
    assert (row["samples"], row["unscored"], row["drift"]) == ("290", "10", "0")


def test_bad_input(model_file, pumps, tmp_path, capsys):
    path = scores_of(table(300), model_file, tmp_path, capsys, when="yesterday")
    command = ["drift", path, "--model", str(model_file)]
    for message, options in [
        ("`window` must be a number of samples, or a time", ["--window", "6x"]),
        ("`time` must name the column", ["--window", "6h"]),
        ("Received: 'yesterday' in row 0", ["--window", "6h", "--time", "when"]),
        ("`time` needs a window of time", ["--window", "60", "--time", "when"]),
        ("`alpha` must be in (0, 1)", ["--alpha", "2"]),
        ("`least` must be", ["--least", "1"]),
        ("Received: data alone", ["--data", str(tmp_path / "x.csv")]),
        ("There is no file", ["--reference", "none.csv"]),
    ]:
        assert message in refused([*command, *options], capsys)
    assert "with the column 'score'" in refused(
        ["drift", str(tmp_path / "x.csv"), "--model", str(model_file)], capsys
    )
    model = kerasocc.load_model(model_file)
    model.calibrate(table(50).to_numpy("float32"), contamination=0.1)
    model.save(tmp_path / "plain.keras")
    assert "Call `calibrate(x, fpr=...)`" in refused(
        ["drift", path, "--model", str(tmp_path / "plain.keras")], capsys
    )
