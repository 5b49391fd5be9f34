"""What a result depends on, and the folder of the results."""

import dataclasses
import subprocess
import sys

import pytest

from benchmarks.detection.cells import DONE, FAILED, Cell, claimed
from benchmarks.detection.ours import make_config, settings_of, variant_of
from benchmarks.detection.problems import Division, Problem
from kerasocc.experiments.tables.cell_store import CellStore

DIGITS = Problem("digits-0", "images", "digits", 0)
CELL = Cell(DIGITS, Division(), "neighbors", {"n_neighbors": 5}, 0)


@pytest.mark.parametrize(
    "change",
    [
        dict(problem=DIGITS._replace(name="digits-1")),
        dict(division=Division(seed=1)),
        dict(division=Division(split="file-order")),
        dict(division=Division(max_rows=100)),
        dict(detector="oc-svm"),
        dict(settings={"n_neighbors": 6}),
        dict(seed=1),
        dict(rate=0.1),
        dict(limit=10.0),
    ],
)
def test_the_key_depends_on(change):
    other = dataclasses.replace(CELL, **change)
    assert other.key != CELL.key and len(other.key) == 20


def test_the_key_does_not_depend_on_the_place_of_the_data():
    assert dataclasses.replace(CELL, problem=DIGITS._replace(source="/x/digits")).key == CELL.key


def test_the_key_is_that_of_every_process():
    code = "from tests.benchmarks.test_detection_cells import CELL; print(CELL.key)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == CELL.key


def test_a_variant_that_changes_nothing_shares_the_result():
    configs = [make_config(text, DIGITS, 0) for text in ("deep-svdd", "deep-svdd:epochs=60")]
    cells = [
        Cell(DIGITS, Division(), name, settings_of(config, DIGITS), 0)
        for name, config in zip(("deep-svdd", "deep-svdd:epochs=60"), configs, strict=True)
    ]
    assert cells[0].key == cells[1].key
    other = settings_of(make_config("deep-svdd:epochs=61", DIGITS, 0), DIGITS)
    assert Cell(DIGITS, Division(), "deep-svdd", other, 0).key != cells[0].key


def test_variants_are_parsed_as_options_are():
    text = "deep-svdd:hidden=32+16,learning_rate=1e-3,use_bias=true,objective=soft-boundary"
    name, settings = variant_of(text)
    assert name == "deep-svdd"
    assert settings == {
        "hidden": (32, 16),
        "learning_rate": 1e-3,
        "use_bias": True,
        "objective": "soft-boundary",
    }
    assert variant_of("icl") == ("icl", {})
    with pytest.raises(ValueError, match="must name methods of .*Received: 'svdd'"):
        variant_of("svdd")
    with pytest.raises(ValueError, match="must change settings of .*Received: 'icl:color=3'"):
        variant_of("icl:color=3")


def test_results_are_kept_and_done_once(tmp_path):
    results = CellStore(tmp_path / "new")
    assert results.read(CELL) is None
    with claimed(results, CELL) as is_mine:
        assert is_mine
        with claimed(CellStore(tmp_path / "new"), CELL) as is_theirs:
            assert not is_theirs
        results.write(CELL, {"status": FAILED, "error": "no"})
    assert results.read(CELL) == {"status": FAILED, "error": "no"}
    with claimed(results, CELL) as is_mine:
        assert not is_mine
    with claimed(results, CELL, again=True) as is_mine:
        assert is_mine
        results.write(CELL, {"status": DONE, "auc": 0.5})
    with claimed(results, CELL, again=True) as is_mine:
        assert not is_mine
    assert [file.stem for file in (tmp_path / "new" / "cells").iterdir()] == [CELL.key]


def test_an_interrupted_cell_is_open(tmp_path):
    results = CellStore(tmp_path)
    with pytest.raises(KeyboardInterrupt), claimed(results, CELL):
        raise KeyboardInterrupt
    with claimed(results, CELL) as is_mine:
        assert is_mine
