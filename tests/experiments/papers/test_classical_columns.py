"""One-class SVM, KDE and isolation forest as columns of tables."""

import pytest

from kerasocc.experiments.papers import classical
from kerasocc.experiments.papers.deep_svdd import table1
from kerasocc.experiments.tables.cell_store import CellStore
from kerasocc.experiments.tables.definition import Context, Options

SETTINGS = {"dataset": "digits", "normal_class": 0, "seed": 0, "validation": 0.0}
TRAINED = {**SETTINGS, "method": "deep-svdd", "pretrain_epochs": 2, "epochs": 1}


def result(method, settings, tmp_path):
    return classical.score_classical(method, settings, "work", Context(CellStore(tmp_path)))


@pytest.mark.parametrize("method", classical.RAW)
def test_raw(method, tmp_path):
    found = result(method, SETTINGS, tmp_path)
    assert found["metrics"]["auc"] > 0.97 and found["samples"] > 80
    assert ("parameters" in found) == (method == "kde")
    assert not (tmp_path / "work").exists()


@pytest.mark.slow
def test_hybrid_with_a_shared_pretraining(tmp_path):
    first = result("oc-svm-hybrid", TRAINED, tmp_path)
    assert first["metrics"]["auc"] > 0.8 and first["pretraining_seconds"] > 0
    files = {p: p.stat().st_mtime_ns for p in (tmp_path / "work" / "work").glob("*.h5")}
    assert files
    assert result("isolation-forest-hybrid", TRAINED, tmp_path)["metrics"]["auc"] > 0.7
    assert len(files) == len(list((tmp_path / "work" / "work").glob("*.h5")))


@pytest.mark.slow
def test_hindsight(tmp_path):
    plain, best = (result(m, SETTINGS, tmp_path) for m in ("oc-svm", "oc-svm-hindsight"))
    assert best["metrics"]["auc"] >= plain["metrics"]["auc"] - 0.01
    assert set(best["parameters"]) == {"gamma", "nu"}


def test_columns_of_table_1():
    cells = table1.cells(Options(seeds=(0,)))
    assert list(dict.fromkeys(cell.column for cell in cells)) == [
        *("OC-SVM", "KDE", "IF", "DCAE", "soft-boundary", "one-class"),
        *("OC-SVM hybrid", "KDE hybrid", "IF hybrid"),
    ]
    more = table1.cells(Options(seeds=(0,), hindsight=True))
    assert {cell.column for cell in more} - {cell.column for cell in cells} == {
        *("OC-SVM, hindsight", "KDE, hindsight"),
        *("OC-SVM hybrid, hindsight", "KDE hybrid, hindsight"),
    }


def test_raw_columns_do_not_depend_on_the_length_of_trainings():
    full, quick = (table1.cells(Options(seeds=(0,), quick=q)) for q in (False, True))
    same = {a.method: a.key == b.key for a, b in zip(full, quick, strict=True)}
    assert {method for method, equal in same.items() if equal} == set(classical.RAW)
