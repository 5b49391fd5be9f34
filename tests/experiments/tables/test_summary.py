"""What the results of a table come to."""

from dataclasses import replace

import pytest

from kerasocc.experiments.tables.cell import Cell, Published
from kerasocc.experiments.tables.cell_store import CellStore
from kerasocc.experiments.tables.definition import AUC, F1, Options
from kerasocc.experiments.tables.page import table_page
from kerasocc.experiments.tables.rendering import entry_text, failed_cells, remarks
from kerasocc.experiments.tables.summary import Entry, summarize
from tests.experiments.tables import tiny

CELLS = tiny.cells(Options())


def filled(tmp_path, done=lambda cell: True):
    store = CellStore(tmp_path)
    for cell in CELLS:
        if done(cell):
            store.write(cell, {"status": "done", **tiny.result(cell)})
    return store


def test_mean_deviation_and_difference(tmp_path):
    found = summarize(tiny.table(), CELLS, filled(tmp_path))
    assert (found.rows, found.columns) == (("a", "b", "c"), ("ours", "theirs"))
    entry = found.entries["auc", "a", "ours"]
    # 90 and 92.
    assert entry.values == pytest.approx((90, 92)) and entry.cells == 2 and entry.state is None
    assert (entry.mean, entry.deviation) == pytest.approx((91, 2**0.5))
    assert entry.difference == pytest.approx(1) and entry.published.checked
    assert found.entries["auc", "b", "ours"].difference is None
    assert found.entries["f1", "b", "theirs"].values == (50.0, 50.0)
    assert found.seconds == 12 * 60 and found.failures == {}


def test_means_are_over_the_rows_that_the_paper_has_too(tmp_path):
    found = summarize(tiny.table(), CELLS, filled(tmp_path))
    mean = found.means["auc", "ours"]
    assert mean.mean == pytest.approx(91) and mean.published == Published(90.0)
    assert not found.means["auc", "theirs"].published.checked
    assert found.compared["auc", "ours"] == 1
    # Of F1 there is no published figure: all rows.
    assert found.compared["f1", "ours"] == 3 and found.means["f1", "ours"].published is None
    assert summarize(tiny.table(mean=None), CELLS, filled(tmp_path)).means == {}

    def only_means(row, column, metric):
        return Published(70.0, checked=False) if row == "mean" and metric == "auc" else None

    found = summarize(tiny.table(published=only_means), CELLS, filled(tmp_path))
    # 91, 81 and 71 against 70.
    assert found.means["auc", "ours"].difference == pytest.approx(11)
    assert found.entries["auc", "a", "ours"].published is None


def test_what_was_not_run_and_what_failed(tmp_path):
    store = filled(tmp_path, lambda cell: cell.row == "a" and cell.seed == 0)
    failed = [cell for cell in CELLS if cell.row == "b" and cell.column == "ours"]
    for cell in failed:
        store.write(cell, {"status": "failed", "error": "all equal"})
    missing = {cell.key: "there is no c" for cell in CELLS if cell.row == "c"}
    found = summarize(tiny.table(), CELLS, store, missing)
    states = {(r, c): found.entries["auc", r, c].state for r in "abc" for c in found.columns}
    assert states == {
        ("a", "ours"): None,
        ("a", "theirs"): None,
        ("b", "ours"): "failed",
        ("b", "theirs"): "not run",
        ("c", "ours"): "no data",
        ("c", "theirs"): "no data",
    }
    one = found.entries["auc", "a", "ours"]
    assert (one.mean, one.deviation, len(one.values), one.cells) == (90.0, None, 1, 2)
    assert found.failures == {f"b, ours, seed {seed}": "all equal" for seed in (0, 1)}
    assert failed_cells(found) == ["b, ours, seed 0; b, ours, seed 1 failed: all equal"]


def test_a_method_without_a_metric(tmp_path):
    store = CellStore(tmp_path)
    for cell in CELLS:
        found = tiny.result(cell)
        if cell.method == "theirs":
            del found["metrics"]["f1"]
        store.write(cell, {"status": "done", **found})
    found = summarize(tiny.table(), CELLS, store)
    assert {found.entries["f1", row, "theirs"].state for row in "abc"} == {"-"}
    assert found.entries["f1", "a", "ours"].state is None


def test_some_of_the_classes_are_not_compared_with_a_mean_over_all(tmp_path):
    cells = [
        Cell(row="a", column="ours", configuration={"class": c, "seed": s}, normal_class=c, seed=s)
        for c in (0, 1)
        for s in (0, 1)
    ]
    store = CellStore(tmp_path)
    for cell in cells[:2]:
        store.write(cell, {"status": "done", "metrics": {"auc": 0.8, "f1": 0.5}})
    found = summarize(tiny.table(), cells, store)
    some = found.entries["auc", "a", "ours"]
    assert some.classes == (1, 2) and some.difference is None
    assert entry_text(some, AUC) == "80.0 ±0.0 [1 of 2 classes] (90.0)"
    assert any("some of the classes" in line for line in remarks(tiny.table(), found))
    # There is no published F1.
    assert entry_text(found.entries["f1", "a", "ours"], F1) == "50.0 ±0.0"
    # A seed is enough of the second one.
    store.write(cells[2], {"status": "done", "metrics": {"auc": 0.8}})
    found = summarize(tiny.table(), cells, store)
    assert found.entries["auc", "a", "ours"].difference == pytest.approx(-10)
    assert not any("some of the classes" in line for line in remarks(tiny.table(), found))
    table_page(tiny.table(), found, "")


def test_equal_cells_count_once_and_equal_titles_apart(tmp_path):
    store = filled(tmp_path)
    found = summarize(tiny.table(), [*CELLS, *CELLS], store)
    assert found.entries["auc", "a", "ours"].cells == 2 and found.seconds == 12 * 60
    pair = [
        Cell(row="r", column="c", configuration={"class": c}, normal_class=c) for c in ("x", "y")
    ]
    for cell in pair:
        store.write(cell, {"status": "failed", "error": f"of {cell.normal_class}"})
    failures = summarize(tiny.table(), pair, store).failures
    assert failures == {"r, c, seed 0, class x": "of x", "r, c, seed 0, class y": "of y"}


def test_ranks(tmp_path):
    store = filled(tmp_path, lambda cell: cell.row != "c")
    third = [replace(c, column="third", method="third") for c in CELLS if c.method == "ours"]
    third = [replace(c, configuration={**c.configuration, "method": "third"}) for c in third]
    for cell in third:
        # Equal to ours in row a, best in row b, alone in row c.
        auc = tiny.result(replace(cell, method="ours"))["metrics"]["auc"] + 0.01 * (cell.row == "b")
        store.write(cell, {"status": "done", "metrics": {"auc": auc}})
    none = [replace(c, column="not run", configuration={"x": c.key}) for c in third]
    found = summarize(tiny.table(ranks=True, metrics=(AUC,)), [*CELLS, *third, *none], store)
    # a: 1.5, 3, 1.5; b: 2, 3, 1; c lacks two of the columns.
    assert found.ranks == {("auc", "ours"): 1.75, ("auc", "theirs"): 3.0, ("auc", "third"): 1.25}
    assert found.ranked == {"auc": 2}
    assert summarize(tiny.table(), CELLS, store).ranks == {}


def test_an_entry_without_values():
    entry = Entry((), 3, Published(50.0), "not run")
    assert (entry.mean, entry.deviation, entry.difference) == (None, None, None)
