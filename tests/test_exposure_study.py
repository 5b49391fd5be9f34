"""The study of latent outlier exposure: its grid, its log, its tables and the command."""

import csv
import json

import numpy as np
import pytest
from scipy.stats import wilcoxon

from kerasocc.cli import main
from kerasocc.experiments.papers.loe import study, tables


def rows_of(values, **fields):
    """Rows from `{data: {mode: AUC by seed}}`."""
    return [
        dict(data=data, seed=seed, mode=mode, contamination=0.1, assumed=0.1, auc=auc, **fields)
        for data, by_mode in values.items()
        for mode, aucs in by_mode.items()
        for seed, auc in enumerate(aucs)
    ]


VALUES = {
    "a/wine.npz": {"blind": [0.6, 0.8], "soft": [0.8, 0.9], "hard": [0.7, 0.6]},
    "glass": {"blind": [0.5, 0.5], "soft": [0.5, 0.6], "hard": [0.5, 0.8]},
}


def test_grid_runs_every_trial_once():
    grid = study.Grid(
        ["glass"], [0, 1], ["blind", "soft", "known"], [0.1, 0.2], [None, 0.1, "auto"]
    )
    trials = list(grid.trials())
    told = [(t["contamination"], t["assumed"]) for t in trials if t["mode"] == "soft"]
    # At a true ratio of 0.1, None and 0.1 are one.
    assert told == 2 * [(0.1, 0.1), (0.1, "auto"), (0.2, 0.2), (0.2, 0.1), (0.2, "auto")]
    for mode in ("blind", "known"):
        own = [(t["contamination"], t["assumed"]) for t in trials if t["mode"] == mode]
        assert own == 2 * [(0.1, 0.1), (0.2, 0.2)]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (dict(modes=["loe"]), "`modes` must be one of"),
        (dict(contaminations=[1.0]), r"`contamination` must be in \[0, 1\)"),
        (dict(assumed=[-0.1]), r"`contamination` must be in \[0, 1\)"),
        (dict(seeds=[]), "`seeds` must not be empty"),
    ],
)
def test_grid_is_checked(change, message):
    with pytest.raises(ValueError, match=message):
        study.Grid(["glass"])._replace(**change).check()


def test_a_study_goes_on_where_it_was_stopped(tmp_path):
    grid = study.Grid(["glass", "wine"], [0, 1], ["blind", "soft"])
    ran, said = [], []

    def run_one(trial):
        ran.append(trial)
        if len(ran) == 3:
            raise KeyboardInterrupt
        return {**trial, "auc": len(ran) / 10, "f1": 0.5, "seconds": 1.0}

    log = study.Log(tmp_path / "new" / "results.jsonl", {"epochs": 3})
    with pytest.raises(KeyboardInterrupt):
        study.run(grid, log, run_one, said.append)
    again = study.Log(tmp_path / "new" / "results.jsonl", {"epochs": 3})
    rows = study.run(grid, again, run_one, said.append)
    assert len(ran) == 9 and len(rows) == len(said) == 8
    assert [row["auc"] for row in rows] == [0.1, 0.2, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]
    assert said[0] == "1/8 glass seed 0 Blind: AUC 10.00 F1 50.00 (1 s)"
    lines = (tmp_path / "new" / "results.jsonl").read_text().splitlines()
    assert [json.loads(line) for line in lines] == rows
    with pytest.raises(ValueError, match="`out` must be a folder of the same settings.*epochs"):
        study.Log(tmp_path / "new" / "results.jsonl", {"epochs": 4})


def test_table_by_hand():
    expected = [
        f"{'':5}          Blind          LOE-S          LOE-H",
        "wine     70.0 +-10.0    85.0 +- 5.0    65.0 +- 5.0",
        "glass    50.0 +- 0.0    55.0 +- 5.0    65.0 +-15.0",
        "mean           60.00          70.00          65.00",
    ]
    assert tables.table(rows_of(VALUES), "auc").splitlines() == expected


def test_comparison_by_hand():
    soft, hard = tables.compare(rows_of(VALUES), "auc")
    assert (soft.mode, soft.gain, soft.better, soft.sets, soft.worse) == (
        "soft",
        pytest.approx(10.0),
        2,
        2,
        (),
    )
    assert soft.p_value == wilcoxon([15.0, 5.0], alternative="greater").pvalue == 0.25
    assert hard.gain == pytest.approx(5.0) and hard.better == 1 and hard.worse == ("wine",)
    assert str(hard).startswith("LOE-H - Blind: +5.00 points, above on 1 of 2 sets, p = ")
    assert str(hard).endswith("below Blind: wine")
    equal = rows_of({"glass": {"blind": [0.5], "refine": [0.5]}})
    assert tables.compare(equal, "auc")[0].p_value == 1.0
    assert tables.compare(rows_of({"glass": {"soft": [0.5]}}), "auc") == []


def test_csv_holds_all_rows():
    rows = rows_of(VALUES)
    read = list(csv.DictReader(tables.as_csv(rows).splitlines()))
    assert [float(row["auc"]) for row in read] == [row["auc"] for row in rows]
    assert read[0]["data"] == "a/wine.npz"


def test_curves_by_hand():
    rows = rows_of({"glass": {"blind": [0.5], "soft": [0.6]}})
    rows += [{**rows[1], "assumed": 0.2, "auc": 0.7}, {**rows[1], "assumed": "auto", "auc": 0.1}]
    along = tables.curves(rows, "assumed", "auc")
    # What is told changes nothing for Blind.
    assert along["blind"] == {0.1: [50.0], 0.2: [50.0]}
    assert along["soft"] == {0.1: [60.0], 0.2: [70.0]}
    assert tables.curves(rows[:2], "contamination", "auc")["soft"] == {0.1: [60.0]}


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
    assert files == expected | {"assumed.png"}
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
