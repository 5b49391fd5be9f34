"""Running the cells of a table, in one process."""

from dataclasses import replace

import pytest

from kerasocc.callbacks import CollapseError
from kerasocc.experiments.tables.cell_store import CellStore
from kerasocc.experiments.tables.definition import Context, Options
from kerasocc.experiments.tables.running import check_used, run_cells, select
from tests.experiments.tables import tiny

CELLS = tiny.cells(Options())


def ran(tmp_path, run, *, cells=CELLS, again=False, **changes):
    """Lines that were told, what is missing, and the store."""
    said = []
    store = CellStore(tmp_path)
    context = Context(store)
    missing = run_cells(tiny.table(run=run, **changes), cells, context, said.append, again=again)
    return said, missing, store


def counting(begun):
    def run(cells, context):
        for cell, result in tiny.run(cells, context):
            begun.append(cell)
            yield cell, result

    return run


def test_every_cell_is_run_once(tmp_path):
    begun = []
    said, missing, store = ran(tmp_path, counting(begun), cells=[*CELLS, CELLS[0]])
    assert begun == CELLS and missing == {}
    assert said[0] == "1/12 a, ours, seed 0: AUC in % 90.00, F1 at the true ratio in % 50.00 " + (
        "(published 90), 60 s"
    )
    assert said[-1].startswith("12/12 c, theirs, seed 1: AUC in % 62.00, ")
    kept = store.read(CELLS[0])
    assert kept["status"] == "done" and kept["metrics"]["auc"] == 0.9
    assert set(kept["environment"]) >= {"python", "keras", "numpy"}
    assert ran(tmp_path, counting(begun))[0] == [] and len(begun) == 12


def test_an_interrupted_table_is_gone_on_with(tmp_path):
    begun = []

    def interrupted(cells, context):
        for cell, result in counting(begun)(cells, context):
            if len(begun) == 4:
                raise KeyboardInterrupt
            yield cell, result

    with pytest.raises(KeyboardInterrupt):
        ran(tmp_path, interrupted)
    said = ran(tmp_path, counting(begun))[0]
    assert [cell.title for cell in begun] == [cell.title for cell in [*CELLS[:4], *CELLS[3:]]]
    assert said[0].startswith("1/9 b, theirs, seed 0: ") and len(said) == 9


def failing(error, row="b", begun=None):
    def run(cells, context):
        for cell, result in tiny.run(cells, context):
            if begun is not None:
                begun.append(cell)
            if cell.row == row and cell.method == "ours":
                raise error
            yield cell, result

    return run


@pytest.mark.parametrize(
    "error", [CollapseError("all\nequal"), FloatingPointError("all equal"), ValueError("all equal")]
)
def test_a_cell_that_fails_leaves_the_others(error, tmp_path):
    begun = []
    said, missing, store = ran(tmp_path, failing(error, begun=begun))
    results = {cell.title: store.read(cell) for cell in CELLS}
    failed = [title for title, result in results.items() if result["status"] == "failed"]
    assert failed == ["b, ours, seed 0", "b, ours, seed 1"] and missing == {}
    assert results["b, ours, seed 0"]["error"] == "all equal"
    assert "3/12 b, ours, seed 0: failed: all equal" in said and len(begun) == 12
    # It is not tried again, unless that is asked for.
    assert ran(tmp_path, counting(begun))[0] == [] and len(begun) == 12
    assert len(ran(tmp_path, failing(error, begun=begun), again=True)[0]) == 2
    said, _, store = ran(tmp_path, counting(begun), again=True)
    assert len(said) == 2 and said[0].startswith("1/2 b, ours, seed 0: AUC")
    assert all(store.read(cell)["status"] == "done" for cell in CELLS)


def test_a_run_names_the_cell_that_failed(tmp_path):
    def all_at_once(cells, context):
        yield cells[1], CollapseError("of the second")
        yield cells[0], tiny.result(cells[0])

    _, _, store = ran(tmp_path, all_at_once)
    for cell in CELLS:
        expected = "failed" if cell.method == "theirs" else "done"
        assert store.read(cell)["status"] == expected


def test_a_metric_that_is_not_finite_is_a_failure(tmp_path):
    def run(cells, context):
        for cell in cells:
            yield cell, {"metrics": {"auc": float("nan"), "f1": None}}

    said, _, store = ran(tmp_path, run, cells=CELLS[:1])
    assert store.read(CELLS[0])["error"] == "metrics that are not finite: {'auc': nan}"
    assert said == [
        "1/1 a, ours, seed 0: failed: metrics that are not finite: {'auc': nan}",
    ]


def test_data_that_are_not_there(tmp_path):
    said, missing, store = ran(tmp_path, failing(FileNotFoundError("no b")))
    assert set(missing.values()) == {"no b"}
    assert {c.row for c in CELLS if c.key in missing} == {"b"} and len(missing) == 4
    # Once, not for every seed; the others are run.
    assert [line for line in said if "no data" in line] == ["b, ours, seed 0: no data: no b"]
    assert [cell.row for cell in CELLS if store.read(cell)] == list("aaccaacc")
    assert len(ran(tmp_path, tiny.run)[0]) == 4


@pytest.mark.parametrize("error", [OSError(28, "disk is full"), TypeError("a bug")])
def test_other_errors_end_the_table(error, tmp_path):
    with pytest.raises(type(error)):
        ran(tmp_path, failing(error))
    assert [cell.row for cell in CELLS if CellStore(tmp_path).read(cell)] == ["a", "a"]


def test_what_another_process_has_claimed_comes_last(tmp_path):
    begun = []

    def run(cells, context):
        # While the first group is worked on, the second is somebody else's.
        if cells[0].row == "a" and cells[0].seed == 0:
            claim = context.store.claimed("b_0")
            assert claim.__enter__()
            held.append(claim)
        elif cells[0].row == "c" and cells[0].seed == 1:
            held.pop().__exit__(None, None, None)
        yield from counting(begun)(cells, context)

    held = []
    ran(tmp_path, run)
    assert [f"{cell.row}{cell.seed}" for cell in begun[::2]] == ["a0", "c0", "a1", "b1", "c1", "b0"]


def test_select():
    options = Options(classes=("a", "c"), methods=("ours",))
    assert {(c.row, c.method) for c in select(CELLS, options)} == {("a", "ours"), ("c", "ours")}
    assert select(CELLS, Options()) == CELLS
    # Of some classes, and those to which classes mean nothing.
    cells = [replace(c, normal_class=None) if c.row == "b" else c for c in CELLS]
    assert {c.row for c in select(cells, Options(classes=("a",)))} == {"a", "b"}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (dict(classes=("a", 7)), r"`classes` must be among \['a', 'b', 'c'\]. Received: 7"),
        (dict(methods=("mine",)), "`methods` must be among .*'theirs'.*. Received: 'mine'"),
        (dict(data=("letters",)), r"`data` must be among \['numbers'\]. Received: 'letters'"),
    ],
)
def test_what_the_table_does_not_have(options, message):
    with pytest.raises(ValueError, match=message):
        select(CELLS, Options(**options))


def test_a_table_without_classes():
    cells = [replace(cell, normal_class=None) for cell in CELLS]
    with pytest.raises(ValueError, match="`classes` must be left out: this table has none."):
        select(cells, Options(classes=("a",)))


def test_options_that_change_nothing():
    check_used(tiny.table(), Options(epochs=3))
    with pytest.raises(ValueError, match="`pretrain_epochs` must be left out: .* Received: .*=3"):
        check_used(tiny.table(), Options(epochs=3, pretrain_epochs=3))
    with pytest.raises(ValueError, match="`hindsight` must be left out"):
        check_used(tiny.table(), Options(hindsight=True))
