"""`kerasocc reproduce`."""

import json
import subprocess
import sys

import pytest

from kerasocc.cli import main
from kerasocc.experiments.papers import registry
from tests.cli.helpers import refused
from tests.experiments.tables import tiny


@pytest.fixture
def table(monkeypatch, tmp_path):
    """A definition that can be replaced, in a new working directory."""
    monkeypatch.chdir(tmp_path)
    found = {"run": lambda cells, context: tiny.run(cells, context)}
    monkeypatch.setattr(registry, "tables", lambda: iter([tiny.table(**found)]))
    return found


COMMAND = ["reproduce", "tiny", "table1"]


def test_a_table(table, tmp_path, capsys):
    assert main([*COMMAND, "--seeds", "0", "0", "1", "--methods", "ours"]) == 0
    printed = capsys.readouterr().out.splitlines()
    assert printed[0].startswith("Numbers that are 100 % invented: 6 cells in reproduce/tiny-table")
    assert printed[1].startswith("1/6 a, ours, seed 0: AUC in % 90.00")
    assert "a       91.0 ±1.4 (90.0 +1.0)  not run (~80.0)" in printed
    folder = tmp_path / "reproduce" / "tiny-table1"
    assert printed[-1] == "Report    reproduce/tiny-table1/table.html"
    assert {path.name for path in folder.iterdir()} == {
        *("cells", "locks", "results.json", "table.csv", "table.html", "table.md")
    }
    told = "`kerasocc reproduce tiny table1 --seeds 0 1 --methods ours`"
    assert f"At full length: {told}." in (folder / "table.md").read_text()

    # Nothing is done twice; the rest of the table joins what is there.
    before = (folder / "results.json").read_bytes()
    assert main([*COMMAND, "--quiet", "--seeds", "0", "1", "--methods", "ours"]) == 0
    assert (folder / "results.json").read_bytes() == before
    assert ", seed 0:" not in capsys.readouterr().out
    assert main([*COMMAND, "--quiet", "--out", str(folder)]) == 0
    assert "81.0 ±1.4 (~80.0 +1.0)" in capsys.readouterr().out
    assert len(json.loads((folder / "results.json").read_text())["cells"]) == 12


def test_show_runs_nothing(table, capsys):
    table["run"] = None
    assert main([*COMMAND, "--show", "--out", "new"]) == 0
    printed = capsys.readouterr().out
    assert "not run (90.0)" in printed and "loading Keras" not in printed


def test_own_options(table, tmp_path, capsys):
    assert main([*COMMAND, "--lift", "0.05", "--quick", "--classes", "a", "--seeds", "0"]) == 0
    assert "a       95.0 (90.0 +5.0)" in capsys.readouterr().out
    told = (tmp_path / "reproduce" / "tiny-table1" / "table.md").read_text()
    assert "At reduced length: `kerasocc reproduce tiny table1 --quick --seeds 0 --classes a " + (
        "--lift 0.05`."
    ) in told.replace("\n", " ")


def test_a_failed_cell_is_told_and_the_others_are_run(table, capsys):
    def run(cells, context):
        for cell, result in tiny.run(cells, context):
            if cell.row == "b":
                raise FloatingPointError("not finite")
            yield cell, result

    table["run"] = run
    assert main([*COMMAND, "--seeds", "0"]) == 2
    printed = capsys.readouterr().out
    assert "b, ours, seed 0; b, theirs, seed 0 failed: not finite" in printed
    assert "71.0" not in printed
    assert "b       failed            failed" in printed
    assert main([*COMMAND, "--seeds", "0", "--quiet"]) == 2
    table["run"] = tiny.run
    assert main([*COMMAND, "--seeds", "0", "--again"]) == 0


def test_interrupted(table, capsys):
    def run(cells, context):
        for number, (cell, result) in enumerate(tiny.run(cells, context)):
            if cell.row == "c" and number:
                raise KeyboardInterrupt
            yield cell, result

    table["run"] = run
    assert main([*COMMAND, "--seeds", "0"]) == 130
    captured = capsys.readouterr()
    assert captured.out.endswith("Interrupted. Run the same command again to resume.\n")
    assert captured.err == ""
    table["run"] = tiny.run
    assert main([*COMMAND, "--seeds", "0"]) == 0
    assert "1/1 c, theirs, seed 0: " in capsys.readouterr().out


def test_lists(table, capsys):
    for command in (["reproduce"], ["reproduce", "tiny"]):
        assert main(command) == 0
        line = "kerasocc reproduce tiny table1           Numbers that are 100 % invented\n"
        assert capsys.readouterr().out == line


@pytest.mark.parametrize("command", [["reproduce"], ["reproduce", "tiny"], COMMAND])
def test_help(command, table, capsys):
    with pytest.raises(SystemExit) as ended:
        main([*command, "--help"])
    assert ended.value.code == 0
    printed = capsys.readouterr().out
    assert "100 % invented" in " ".join(printed.split()) or "Nobody, Nothing, 2020" in printed


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--classes", "d"], "`classes` must be among ['a', 'b', 'c']. Received: 'd'"),
        (["--methods", "mine"], "`methods` must be among ['ours', 'theirs']. Received: 'mine'"),
        (["--data", "letters"], "`data` must be among ['numbers']. Received: 'letters'"),
        (["--seeds", "-1"], "`seeds` must be an integer of at least 0. Received: seeds=-1"),
        (["--seeds", "x"], "argument --seeds: invalid int value: 'x'"),
        (["--seeds"], "argument --seeds: expected at least one argument"),
        (["--epochs", "0"], "`epochs` must be an integer of at least 1. Received: epochs=0"),
        (["--pretrain-epochs", "0"], "`pretrain_epochs` must be an integer of at least 1."),
        (["--pretrain-epochs", "3"], "`pretrain_epochs` must be left out: nothing in this table"),
        (["--hindsight"], "`hindsight` must be left out: nothing in this table depends on it."),
        (["--lift", "x"], "argument --lift: invalid float value: 'x'"),
        (["--seed", "1"], "unrecognized arguments: --seed 1"),
        (["--out", "taken"], "taken"),
        (["--out", "damaged"], "results.json is not a readable JSON file"),
    ],
)
def test_bad_options_are_one_line(options, message, table, tmp_path, capsys):
    (tmp_path / "taken").write_text("a file")
    (tmp_path / "damaged").mkdir()
    (tmp_path / "damaged" / "results.json").write_text("{")
    assert message in refused([*COMMAND, *options], capsys)
    assert not (tmp_path / "reproduce").exists()


def test_an_unknown_table_and_paper(table, capsys):
    assert "invalid choice: 'table2'" in refused(["reproduce", "tiny", "table2"], capsys)
    assert "invalid choice: 'large'" in refused(["reproduce", "large"], capsys)


def test_real_definitions_have_help_without_keras():
    """Of every paper: that its definition can be read, and imports nothing heavy."""
    program = (
        "import sys\nfrom kerasocc.cli import make_parser\n"
        "from kerasocc.experiments.papers import registry\n"
        "from kerasocc.experiments.tables.definition import Options\n"
        "make_parser()\n"
        "names = [(table.paper, table.name) for table in registry.tables()]\n"
        "assert len(set(names)) == len(names)\n"
        "for table in registry.tables():\n"
        "    own = {option.name: option.default for option in table.own_options}\n"
        "    cells = table.cells(Options(own=own))\n"
        "    assert cells and all(len(cell.key) == 20 for cell in cells), table.name\n"
        "    assert all(table.group(cell) for cell in cells)\n"
        "assert 'keras' not in sys.modules and 'tensorflow' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
