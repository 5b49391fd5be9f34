"""A table in the terminal, as Markdown, as CSV, as JSON and as a page."""

import csv
import io
import json
import re

import pytest

from kerasocc.experiments.tables.cell import Published
from kerasocc.experiments.tables.cell_store import CellStore
from kerasocc.experiments.tables.definition import AUC, F1, Options
from kerasocc.experiments.tables.outputs import write_outputs
from kerasocc.experiments.tables.page import table_page
from kerasocc.experiments.tables.rendering import (
    as_csv,
    as_markdown,
    as_text,
    duration,
    entry_text,
    remarks,
)
from kerasocc.experiments.tables.summary import Entry, summarize
from tests.browser import running_browser
from tests.experiments.tables import tiny

CELLS = tiny.cells(Options())


@pytest.fixture
def store(tmp_path):
    """Row a is whole, b half, with a failure, and c is empty."""
    store = CellStore(tmp_path)
    for cell in CELLS:
        if cell.row == "a" or (cell.row == "b" and cell.seed == 0 and cell.method == "ours"):
            store.write(cell, {"status": "done", **tiny.result(cell)})
    store.write(next(c for c in CELLS if c.title == "b, theirs, seed 0"), failed())
    return store


def failed():
    return {"status": "failed", "error": "<all> equal"}


def summary_of(store, **changes):
    table = tiny.table(**changes)
    return table, summarize(table, CELLS, store, {c.key: "" for c in CELLS if c.row == "c"})


def test_terminal(store):
    assert as_text(*summary_of(store), AUC).splitlines() == [
        "letter  ours                   theirs",
        "a       91.0 ±1.4 (90.0 +1.0)  81.0 ±1.4 (~80.0 +1.0)",
        "b       80.0                   failed",
        "c       no data                no data",
        "mean    91.0 (90.0 +1.0)       81.0 (~80.0 +1.0)",
    ]
    assert as_text(*summary_of(store, mean=None), F1).splitlines()[1:] == [
        "a       50.0 ±0.0  50.0 ±0.0",
        "b       50.0       failed",
        "c       no data    no data",
    ]


def test_remarks(store):
    lines = remarks(*summary_of(store))
    assert "a published one with ~ is recalled" in lines[0]
    assert lines[1:] == [
        "Behind ± stands the standard deviation of the runs of a cell.",
        "Fewer runs than the others have: b, ours: 1 of 2.",
        "Rows in the means: ours 1, theirs 1.",
        "b, theirs, seed 0 failed: <all> equal",
        "Time of all cells together: 5 min.",
        "A note.",
    ]
    compared = remarks(*summary_of(store, compare=lambda summary: [str(summary.rows)], ranks=True))
    assert (
        "Mean ranks, 1 is best: over the rows that have all columns of which anything was "
        + ("run, 1 of 3.")
        in compared
    )
    assert "('a', 'b', 'c')" in compared
    assert as_text(*summary_of(store, ranks=True), AUC).splitlines()[-1].split() == [
        *("mean", "rank", "1.00", "2.00")
    ]


def test_markdown(store):
    text = as_markdown(*summary_of(store, heads="a|b"), "What was run.")
    assert text.startswith(
        "# Numbers that are 100 % invented\n\nNobody, Nothing, 2020\n\nWhat was run.\n\n"
        "## AUC in %\n\n| a\\|b | ours | theirs |\n|---|---|---|\n"
        "| a | 91.0 ±1.4 (90.0 +1.0) | 81.0 ±1.4 (~80.0 +1.0) |\n"
    )
    assert "\n## F1 at the true ratio in %\n" in text and text.endswith("\n- A note.\n")


def test_csv(store):
    rows = list(csv.DictReader(io.StringIO(as_csv(*summary_of(store)))))
    assert len(rows) == 12
    assert rows[0] == {
        "row": "a",
        "column": "ours",
        "metric": "auc",
        "mean": "91.0000",
        "deviation": "1.4142",
        "runs": "2",
        "runs_of_the_table": "2",
        "published": "90.0000",
        "published_deviation": "",
        "published_is_checked": "true",
        "difference": "1.0000",
        "state": "",
    }
    assert (rows[1]["published_is_checked"], rows[3]["state"]) == ("false", "failed")
    assert (rows[4]["mean"], rows[4]["runs"], rows[4]["state"]) == ("", "0", "no data")


def test_small_texts():
    assert entry_text(Entry((79.96, 79.95), 2, Published(80.0)), AUC) == "80.0 ±0.0 (80.0 +0.0)"
    assert [duration(s) for s in (0.4, 119, 121, 7000, 7300)] == [
        *("0 s", "119 s", "2 min", "117 min", "2.0 h")
    ]


def test_the_json_file_is_a_source(store, tmp_path):
    table, summary = summary_of(store)
    write_outputs(table, CELLS, summary, store, "What was run.")
    names = {path.name for path in tmp_path.iterdir() if path.is_file()}
    assert names == {"table.md", "table.csv", "table.html", "results.json"}
    content = json.loads((tmp_path / "results.json").read_text())
    assert (content["paper"], content["table"], len(content["cells"])) == ("tiny", "table1", 6)
    # The file alone, in another folder, is the whole table.
    other = tmp_path / "other"
    other.mkdir()
    (other / "results.json").write_bytes((tmp_path / "results.json").read_bytes())
    again = CellStore(other)
    assert all(again.read(cell) == store.read(cell) for cell in CELLS)
    # Results of another length stay in it beside those of this one.
    longer = tiny.cells(Options(own={"lift": 0.01}))
    again.write(longer[0], {"status": "done", **tiny.result(longer[0])})
    write_outputs(table, longer, summarize(table, longer, again), again, "")
    content = json.loads((other / "results.json").read_text())
    lifts = [entry["configuration"]["lift"] for entry in content["cells"]]
    assert sorted(lifts) == [0.0] * 6 + [0.01]
    assert CellStore(other).read(CELLS[0])["metrics"]["auc"] == 0.9


def test_the_json_file_is_in_the_order_of_the_table(tmp_path):
    store, table = CellStore(tmp_path), tiny.table()
    for cell in (CELLS[3], CELLS[0]):
        store.write(cell, {"status": "done", **tiny.result(cell)})
        write_outputs(table, CELLS, summarize(table, CELLS, store), store, "")
    content = json.loads((tmp_path / "results.json").read_text())
    places = [(entry["row"], entry["column"]) for entry in content["cells"]]
    assert places == [("a", "ours"), ("b", "theirs")]


def test_a_table_that_nothing_was_run_of_is_written(tmp_path):
    store = CellStore(tmp_path / "new" / "folder")
    table = tiny.table(ranks=True)
    write_outputs(table, CELLS, summarize(table, CELLS, store), store, "")
    assert "| a | not run (90.0) |" in (store.folder / "table.md").read_text()
    assert "<svg" not in (store.folder / "table.html").read_text()


def test_page(store):
    page = table_page(*summary_of(store), "What <was> run: `it`.")
    assert "What &lt;was&gt; run: <code>it</code>." in page and "<all>" not in page
    assert page.count("<svg") == 2 and "81.0 ±1.4 (~80.0 +1.0)" in page
    rows = re.findall(r'<tr><th scope="row">a</th>(.*?)</tr>', page)
    cells = [re.findall(r"<td[^>]*>(.*?)</td>", row) for row in rows]
    assert ["ours", "91.0", "1.4", "2 of 2", "90.0", "+1.0", "quoted"] in cells
    assert ["theirs", "81.0", "1.4", "2 of 2", "80.0", "+1.0", "recalled"] in cells


def test_a_page_of_ratios_has_curves(tmp_path):
    store = CellStore(tmp_path)
    table = tiny.table(ratios="assumed contamination")
    ratios = {"a": "0.05", "b": "0.1", "c": "0.2"}
    import dataclasses

    cells = [dataclasses.replace(cell, row=ratios[cell.row]) for cell in CELLS]
    for old, cell in zip(CELLS, cells, strict=True):
        store.write(cell, {"status": "done", **tiny.result(old)})
    page = table_page(table, summarize(table, cells, store), "")
    assert page.count("<svg") == 2 and "assumed contamination in %" in page


@pytest.mark.slow
def test_the_page_in_a_browser(store, tmp_path):
    (tmp_path / "table.html").write_text(table_page(*summary_of(store), "What was run."))
    with running_browser() as browser:
        browser.open(tmp_path / "table.html", width=400)
        assert browser.evaluate("document.documentElement.scrollWidth") <= 400
        assert browser.problems == []
        assert browser.requests == [f"file://{tmp_path / 'table.html'}"], "no other file"
