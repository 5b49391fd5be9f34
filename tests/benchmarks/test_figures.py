"""The figures of the READMEs come from the results."""

import json
from pathlib import Path

import pytest

from benchmarks import figures
from kerasocc.experiments.papers import registry
from kerasocc.experiments.tables.cell_store import CellStore
from kerasocc.experiments.tables.definition import Options
from kerasocc.experiments.tables.outputs import write_outputs
from kerasocc.experiments.tables.summary import summarize
from tests.experiments.tables import tiny


def test_no_figure_of_the_readmes_is_out_of_date(capsys):
    assert figures.main(["--check"]) == 0, capsys.readouterr().out


def test_the_repository_holds_results_and_nothing_else():
    folders = [path for path in figures.RESULTS.iterdir() if path.is_dir()]
    assert folders
    for folder in folders:
        kept = figures.read_kept(folder)
        assert kept.cells and kept.settings, folder.name
        text = (folder / "table.md").read_text(encoding="utf-8")
        assert kept.table.title in text
        for file in ("results.json", "table.md"):
            assert "/tmp/" not in (folder / file).read_text(encoding="utf-8")


@pytest.fixture
def results(tmp_path, monkeypatch):
    """A table of three rows, one column of which has published figures for one row."""
    table = tiny.table(ranks=True)
    monkeypatch.setattr(registry, "tables", lambda: iter([table]))
    cells = tiny.cells(Options())
    store = CellStore(tmp_path / "results" / "tiny-table1")
    for cell in cells:
        store.write(cell, {"status": "done", **tiny.result(cell)})
    settings = "At full length: `kerasocc reproduce tiny table1`."
    write_outputs(table, cells, summarize(table, cells, store), store, settings)
    return tmp_path / "results"


def filled(what, results):
    text = f"Before.\n<!-- figures: {what} -->\nold\n<!-- end of figures -->\nAfter.\n"
    new = figures.with_figures(text, results.parent / "README.md", results)
    before, *lines, end, after = new.splitlines()
    assert (before, end, after) == ("Before.", "<!-- end of figures -->", "After.")
    assert figures.with_figures(new, results.parent / "README.md", results) == new
    return lines[1:]


def test_overview(results):
    assert filled("overview", results)[2:] == [
        "| [Numbers that are 100 % invented](results/tiny-table1/table.md) | AUC in %: ours "
        "[rows: 1] 91.0 (90.0 +1.0); theirs [rows: 1] 81.0 (~80.0 +1.0) | 3, 12, 12 min | At full "
        "length: `kerasocc reproduce tiny table1`. |"
    ]


def test_means(results):
    assert filled("means tiny-table1", results) == [
        "| | AUC in % | F1 at the true ratio in % | mean rank, AUC in % |",
        "|---|---|---|---|",
        "| ours [rows: 1] | 91.0 (90.0 +1.0) | 50.0 | 1.00 |",
        "| theirs [rows: 1] | 81.0 (~80.0 +1.0) | 50.0 | 2.00 |",
        "",
        "3 rows. Mean ranks over 3 rows. At full length: `kerasocc reproduce tiny table1`. 12 min "
        "for 12 trainings.",
    ]


def test_rows(results):
    lines = filled("table tiny-table1 auc", results)
    assert lines[0] == "| letter | ours | theirs |" and len(lines) == 7
    assert lines[2] == "| a | 91.0 ±1.4 (90.0 +1.0) | 81.0 ±1.4 (~80.0 +1.0) |"


@pytest.mark.parametrize(
    ("what", "message"),
    [
        ("all", "a block must be `overview`, `means FOLDER` or .*Received: 'all'"),
        ("means", "a block must be .*Received: 'means'"),
        ("table tiny-table1 loss", r"the metric of tiny-table1 must be one of \['auc', 'f1'\]"),
    ],
)
def test_other_blocks(what, message, results):
    with pytest.raises(ValueError, match=message):
        filled(what, results)


def test_a_folder_of_another_table(results):
    file = results / "tiny-table1" / "results.json"
    content = json.loads(file.read_text())
    file.write_text(json.dumps({**content, "table": "table9"}))
    with pytest.raises(ValueError, match="must be of a table of `kerasocc reproduce`"):
        figures.read_kept(results / "tiny-table1")


def test_the_command_writes_what_is_out_of_date(results, monkeypatch, capsys):
    readme = results.parent / "README.md"
    readme.write_text("<!-- figures: means tiny-table1 -->\n<!-- end of figures -->\n")
    monkeypatch.setattr(figures, "ROOT", results.parent)
    monkeypatch.setattr(figures, "FILES", (readme,))
    monkeypatch.setattr(
        figures,
        "with_figures",
        lambda text, file, original=figures.with_figures: original(text, file, results),
    )
    assert figures.main(["--check"]) == 1
    assert capsys.readouterr().out.startswith("Out of date: README.md.")
    assert figures.main([]) == 0 and "| ours [rows: 1] | 91.0" in readme.read_text()
    assert figures.main(["--check"]) == 0
    assert Path(figures.__file__).name == "figures.py"
