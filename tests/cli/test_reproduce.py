"""`kerasocc reproduce`."""

import json

import numpy as np
import pytest

from kerasocc.cli import main


@pytest.fixture
def data(tmp_path, random):
    """A table on two planes."""
    x = random.normal(size=(90, 2)) @ random.normal(size=(2, 6))
    x[60:] = random.normal(size=(30, 2)) @ random.normal(size=(2, 6)) + 2.0
    np.savez(tmp_path / "planes.npz", X=x, y=np.arange(90) >= 60)
    return str(tmp_path / "planes.npz")


def test_command(data, tmp_path, capsys):
    command = ["reproduce", "loe", "--data", data, "--seeds", "0", "--epochs", "3"]
    command += ["--protocol", "tabular-svdd", "--out", str(tmp_path / "loe")]
    command += ["--assumed", "0.1", "0.2", "auto"]
    assert main(command) == 0
    printed = capsys.readouterr().out
    assert (
        "Deep SVDD" in printed and "AUC in %, contamination 0.1, assumed 0.2, seeds: 1" in printed
    )
    assert "LOE-S - Blind" in printed
    files = {path.name for path in (tmp_path / "loe").iterdir()}
    expected = {"results.jsonl", "results.settings.json", "results.csv", "tables.txt"}
    assert files == expected | {"assumed.png", "report.html"}
    assert "\u00b1" in (tmp_path / "loe" / "report.html").read_text(encoding="utf-8")
    lines = (tmp_path / "loe" / "results.jsonl").read_text().splitlines()
    rows = [json.loads(line) for line in lines]
    # 30 normal rows train, 3 anomalies are added.
    assert len(rows) == 10 and {row["samples"] for row in rows} == {33}
    flagged = {(row["mode"], row["assumed"]): row["flagged"] for row in rows}
    assert flagged["soft", 0.2] == 0.2 and flagged["blind", 0.1] == 0.0
    assert all(0 <= row["auc"] <= 1 and 0 <= row["f1"] <= 1 for row in rows)
    assert (main(command), "seed 0" in capsys.readouterr().out) == (0, False)


def test_a_ratio_that_is_none(capsys):
    with pytest.raises(SystemExit):
        main(["reproduce", "loe", "--assumed", "some"])
    assert "must be a fraction such as 0.1, or auto, not 'some'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "`--data` must name tables for `--protocol tabular`"),
        (["--data", "nosuch"], "nosuch"),
        (["--protocol", "images", "--data", "mnist"], "its normal class, such as 'mnist:3'"),
        (["--data", "x", "--modes", "loe"], "`modes` must be one of"),
    ],
)
def test_bad_commands(arguments, message, tmp_path, capsys):
    assert main(["reproduce", "loe", "--out", str(tmp_path / "loe"), *arguments]) == 2
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1
