"""A study of latent outlier exposure: its grid and its log."""

import json

import pytest

from kerasocc.experiments.papers.loe import study


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
