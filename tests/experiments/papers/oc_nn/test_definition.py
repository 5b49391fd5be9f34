"""The tables of the notebooks."""

import pytest

from kerasocc.experiments.config import TrainConfig
from kerasocc.experiments.papers.oc_nn import cifar10, gtsrb, mnist
from kerasocc.experiments.papers.oc_nn.comparison import COMPARED, make_config
from kerasocc.experiments.papers.oc_nn.definition import comparison_table
from kerasocc.experiments.papers.oc_nn.published import CAVEATS, PUBLISHED
from kerasocc.experiments.tables.cell_store import CellStore
from kerasocc.experiments.tables.definition import Context, Options
from kerasocc.experiments.tables.running import run_cells


def cells(table, **options):
    return table.cells(Options(**options))


def test_cells():
    found = cells(mnist.TABLE)
    assert len(found) == 10 * 5 and {cell.seed for cell in found} == {0}
    assert [cell.column for cell in found[:5]] == [m.title for m in COMPARED.values()]
    assert len({mnist.TABLE.group(cell) for cell in found}) == 10
    # What is trained is what the command for one run trains.
    for cell in cells(mnist.TABLE, epochs=7, pretrain_epochs=3)[:5]:
        config = TrainConfig.for_dataset(**cell.configuration["settings"])
        pretrained = cell.method in ("one-class", "soft-boundary", "oc-nn")
        options = dict(epochs=7, pretrain_epochs=3 if pretrained else None)
        assert config == make_config("mnist", cell.method, 0, **options)


def test_inductive_cells_are_others():
    found = cells(cifar10.TABLE, own={"evaluation": "inductive"})
    config = TrainConfig.for_dataset(**found[0].configuration["settings"])
    assert (config.transductive, config.validation, config.contamination) == (False, 0.0, 0.0)
    assert not {c.key for c in found} & {c.key for c in cells(cifar10.TABLE)}
    assert cifar10.TABLE.group(found[0]) != cifar10.TABLE.group(cells(cifar10.TABLE)[0])


def test_published():
    assert mnist.TABLE.published("0", "OC-NN", "auc").value == 97.6
    assert mnist.TABLE.published("7", "OC-NN", "auc") is None
    assert mnist.TABLE.published("mean", "OC-NN", "auc") is None
    assert gtsrb.TABLE.published("14", "DCAE", "auc").value == 87.5
    assert cifar10.TABLE.published("9", "RCAE", "auc").value == 74.5
    assert CAVEATS["mnist"] in mnist.TABLE.notes and set(CAVEATS) == set(PUBLISHED)


def test_signs_from_elsewhere():
    (cell,) = cells(gtsrb.TABLE, data=("a/gtsrb32_subset.npz",), seeds=(2,))[:1]
    settings = cell.configuration["settings"]
    assert (settings["dataset"], settings["normal_class"], settings["seed"]) == (
        *("gtsrb32_subset", 14, 2),
    )
    assert cell.data == "a/gtsrb32_subset.npz" and cell.row == "14"
    with pytest.raises(ValueError, match="`data` must be one data set"):
        cells(gtsrb.TABLE, data=("a", "b"))


def test_quick():
    by_method = {c.method: c.configuration["settings"] for c in cells(mnist.TABLE, quick=True)}
    assert by_method["oc-nn"]["epochs"] == by_method["oc-nn"]["pretrain_epochs"] == 5
    assert by_method["rcae"]["epochs"] == 5 and "pretrain_epochs" not in by_method["rcae"]


@pytest.mark.slow
def test_both_objectives_share_a_pretraining(tmp_path):
    table = comparison_table("digits", "digits", [1], title="Digits")
    options = Options(epochs=2, pretrain_epochs=2)
    chosen = [c for c in table.cells(options) if c.method in ("one-class", "soft-boundary")]
    store, said = CellStore(tmp_path), []
    run_cells(table, chosen, Context(store), said.append)
    results = [store.read(cell) for cell in chosen]
    assert [result["status"] for result in results] == ["done", "done"], said
    assert all(0.5 < result["metrics"]["auc"] <= 1 for result in results)
    (work,) = (tmp_path / "work").iterdir()
    assert {path.name for path in work.iterdir()} == {
        *("pretraining.weights.h5", "pretraining.history.json")
    }
