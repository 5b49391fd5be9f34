"""Where the results of cells are kept."""

import json
from dataclasses import replace

import pytest

from kerasocc.experiments.tables.cell import Cell, key_of
from kerasocc.experiments.tables.cell_store import CellStore
from kerasocc.experiments.tables.results_file import results_in, results_text

CELL = Cell(row="3", column="OCSVM", configuration={"data": "mnist", "drop": (50,), "seed": 0})


def test_equal_configurations_are_one_cell():
    again = Cell(row="x", column="y", configuration={"seed": 0, "drop": [50], "data": "mnist"})
    assert CELL.key == again.key == key_of({"drop": [50], "data": "mnist", "seed": 0})
    assert len(CELL.key) == 20
    assert replace(CELL, configuration={**CELL.configuration, "seed": 1}).key != CELL.key
    assert CELL.title == "3, OCSVM, seed 0"


def test_a_result_is_kept_with_its_configuration(tmp_path):
    store = CellStore(tmp_path / "new" / "folder")
    assert store.read(CELL) is None and not store.folder.exists()
    store.write(CELL, {"status": "done", "metrics": {"auc": 0.5}})
    assert CellStore(store.folder).read(CELL) == {"status": "done", "metrics": {"auc": 0.5}}
    (file,) = (store.folder / "cells").iterdir()
    assert file.name == f"{CELL.key}.json"
    assert json.loads(file.read_text())["configuration"]["drop"] == [50]


def test_results_of_a_shared_table_count(tmp_path):
    shared = {"row": "3", "column": "OCSVM", "configuration": dict(CELL.configuration)}
    shared["result"] = {"status": "done", "metrics": {"auc": 0.25}}
    (tmp_path / "results.json").write_text(json.dumps({"cells": [shared]}))
    store = CellStore(tmp_path)
    assert store.read(CELL)["metrics"] == {"auc": 0.25}
    # One that was done here comes first.
    store.write(CELL, {"status": "done", "metrics": {"auc": 0.75}})
    assert store.read(CELL)["metrics"] == {"auc": 0.75}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "is not a readable JSON file"),
        ("[]", "must hold `cells`"),
        ('{"cells": [{"row": "a"}]}', "each with .'column', 'configuration', 'result', 'row'."),
        (
            '{"cells": [{"row": "a", "column": "b", "configuration": {}, "result": {"auc": 1}}]}',
            "a result without `status`: {'auc': 1}",
        ),
    ],
)
def test_a_file_of_something_else_is_refused(content, message, tmp_path):
    (tmp_path / "results.json").write_text(content)
    with pytest.raises(ValueError, match=message) as raised:
        CellStore(tmp_path)
    assert "results.json" in str(raised.value)
    with pytest.raises(ValueError, match=message):
        results_in(tmp_path / "results.json")


def test_every_environment_stands_once(tmp_path):
    one, other = {"keras": "3.15"}, {"keras": "3.16"}
    entries = [
        {"row": str(n), "column": "x", "configuration": {"seed": n}, "result": {"status": "done"}}
        for n in range(4)
    ]
    for entry, environment in zip(entries, (one, other, one), strict=False):
        entry["result"]["environment"] = environment
    file = tmp_path / "results.json"
    file.write_text(results_text({"table": "t"}, entries))
    held = json.loads(file.read_text())
    assert held["environments"] == [one, other] and held["table"] == "t"
    assert [c["result"].get("environment") for c in held["cells"]] == [0, 1, 0, None]
    assert results_in(file) == entries
    # As files were before.
    file.write_text(json.dumps({"cells": entries}))
    assert results_in(file) == entries
    held["cells"][0]["result"]["environment"] = 2
    file.write_text(json.dumps(held))
    with pytest.raises(ValueError, match=r"results.json holds no environment 2"):
        results_in(file)


def test_a_damaged_cell_is_named(tmp_path):
    store = CellStore(tmp_path)
    store.write(CELL, {"status": "done"})
    for content in ("[]", '{"result": 3}', '{"configuration": {}}'):
        (tmp_path / "cells" / f"{CELL.key}.json").write_text(content)
        with pytest.raises(ValueError, match=rf"{CELL.key}.json holds no `result`: remove it"):
            store.read(CELL)


def test_a_claim_is_for_one(tmp_path):
    store = CellStore(tmp_path)
    with store.claimed("group") as first, store.claimed("group") as second:
        assert (first, second) == (True, False)
        with store.claimed("other") as third:
            assert third
    with store.claimed("group", wait=True) as again:
        assert again


def test_work_folders_come_and_go(tmp_path):
    store = CellStore(tmp_path)
    one, two = store.work_folder("one"), store.work_folder("two")
    (one / "weights").write_text("x")
    store.discard(one)
    assert not one.exists() and two.exists()
    store.discard(two)
    store.discard(two)
    assert list(tmp_path.iterdir()) == []
