"""The tables of Deep SAD: cells and layout by hand, and one table end to end."""

import re

import numpy as np
import pytest

from kerasocc.cli import main
from kerasocc.experiments.config import TrainConfig
from kerasocc.experiments.papers.deep_sad import (
    problems,
    published,
    scenario1,
    scenario2,
    scenario3,
    sensitivity,
    tabular,
)
from kerasocc.experiments.tables.definition import Options
from kerasocc.experiments.tables.running import select
from kerasocc.files import read_json

QUICK = Options(quick=True, seeds=(0,))


def columns(cells, row):
    return list(dict.fromkeys(cell.column for cell in cells if cell.row == row))


def of(cells, **fields):
    found = [c for c in cells if all(getattr(c, k) == v for k, v in fields.items())]
    assert found
    return found


def test_columns_of_scenario_1():
    cells = scenario1.cells(QUICK)
    without = ["OC-SVM hybrid", "SSAD hybrid", "Deep SVDD", "Deep SAD"]
    assert columns(cells, "MNIST, 0") == without
    assert columns(cells, "MNIST, 0.05") == ["SSAD hybrid", "SS-DGM", "Deep SAD", "supervised"]
    # 3 data sets, 10 classes: 4 methods without labels, 4 with each of 4 shares.
    assert len(cells) == 3 * 10 * (4 + 4 * 4)
    assert len(scenario1.cells(Options())) == 3 * 10 * (4 + 4 * 4 * 9)


def test_the_labelled_class():
    (cell,) = of(scenario1.cells(QUICK), row="MNIST, 0.05", method="deep-sad", normal_class=9)
    settings = cell.configuration["settings"]
    assert settings["labelled_classes"] == [0] and settings["labelled"] == 0.05
    assert settings["contamination"] == 0 and settings["epochs"] == 10
    assert "drop_at" not in settings
    every = of(scenario1.cells(Options()), row="MNIST, 0.05", method="deep-sad", normal_class=9)
    assert [c.configuration["settings"]["labelled_classes"] for c in every] == [
        [n] for n in range(9)
    ]
    assert every[0].configuration["settings"]["drop_at"] == (50,)
    chosen = Options(own={"labelled": "next"})
    assert len(scenario1.cells(chosen)) == len(scenario1.cells(QUICK))


def test_without_labels_deep_sad_is_deep_svdd():
    cells = scenario1.cells(QUICK)
    row = dict(row="CIFAR-10, 0", normal_class=3)
    (one,), (other,) = (of(cells, method=m, **row) for m in ("deep-svdd", "deep-sad"))
    assert one.key == other.key and one.column != other.column
    assert one.configuration["settings"]["method"] == "deep-svdd"
    (pixels,), (codes,) = (of(cells, method=m, **row) for m in ("oc-svm-hybrid", "ssad-hybrid"))
    assert pixels.key != codes.key
    assert problems.group(pixels) == problems.group(one) == problems.group(codes)


def test_what_is_trained_on_one_problem_shares_its_pretraining():
    cells = scenario2.cells(QUICK)
    row = dict(row="MNIST, 0.1", normal_class=3)
    groups = {c.method: problems.group(c) for c in of(cells, **row)}
    assert groups["deep-sad"] == groups["ssad-hybrid"] == groups["ss-dgm"]
    assert groups["deep-svdd"] == groups["oc-svm-hybrid"] != groups["deep-sad"]
    contaminations = {c.configuration["settings"]["contamination"] for c in of(cells, **row)}
    assert contaminations == {0.1}
    # Other lengths of the training leave the pretraining as it is, those of its own do not.
    for options, same in (
        (Options(quick=True, seeds=(0,), epochs=3), True),
        (Options(quick=True, seeds=(0,), pretrain_epochs=3), False),
    ):
        (other,) = of(scenario2.cells(options), method="deep-sad", **row)
        assert (problems.group(other) == groups["deep-sad"]) == same


def test_hindsight_is_an_option():
    assert not any("hindsight" in c.column for c in scenario1.cells(QUICK))
    cells = scenario1.cells(Options(quick=True, seeds=(0,), hindsight=True))
    assert columns(cells, "MNIST, 0.2")[1:2] == ["SS-DGM"]
    assert columns(cells, "MNIST, 0.2")[-1] == "SSAD hybrid, hindsight"
    assert columns(cells, "MNIST, 0")[-2:] == [
        "OC-SVM hybrid, hindsight",
        "SSAD hybrid, hindsight",
    ]


def test_labelled_classes_of_scenario_3():
    assert scenario3.drawn(3, 1, 0) == [4] and scenario3.drawn(3, 1, 8) == [2]
    assert scenario3.drawn(3, 5, 0) == [4, 5, 6, 7, 8]
    assert all(3 not in scenario3.drawn(3, 5, seed) for seed in range(20))
    cells = scenario3.cells(QUICK)
    assert columns(cells, "MNIST, 0") == ["SSAD hybrid", "Deep SAD"]
    (none,) = of(cells, row="MNIST, 0", method="deep-sad", normal_class=3)
    assert none.configuration["settings"]["method"] == "deep-svdd"
    assert none.configuration["settings"]["contamination"] == 0.1


def test_sensitivity():
    cells = sensitivity.cells(QUICK)
    (wide,) = of(cells, row="d = 512", data="mnist", normal_class=0)
    assert wide.configuration["settings"]["code"] == 512 and wide.column == "MNIST"
    (strong,) = of(cells, row="eta = 100", data="cifar10", normal_class=0)
    assert strong.configuration["settings"]["eta"] == 100.0


@pytest.mark.parametrize(
    ("table", "row", "column", "value", "checked"),
    [
        (scenario1, "MNIST, 0.05", "Deep SAD", 96.7, True),
        (scenario1, "MNIST, 0", "Deep SVDD", 92.8, True),
        (scenario1, "MNIST, 0", "OC-SVM hybrid", 96.3, True),
        (scenario1, "CIFAR-10, 0.2", "SSAD hybrid, hindsight", 74.5, True),
        (scenario1, "MNIST, 0.01", "supervised", 83.6, True),
        (scenario2, "Fashion-MNIST, 0.2", "Deep SAD", 74.8, False),
        (scenario3, "CIFAR-10, 5", "Deep SAD", 80.4, False),
        (tabular, "thyroid", "Deep SAD", 98.6, False),
    ],
)
def test_published(table, row, column, value, checked):
    found = table.TABLE.published(row, column, "auc")
    assert (found.value, found.checked) == (value, checked)
    assert table.TABLE.published(row, column, "f1") is None


def test_no_figure():
    assert published.scenario1_auc("MNIST, 0", "supervised", "auc") is None
    assert published.scenario2_auc("MNIST, 0", "Deep SVDD", "auc") is None
    assert published.tabular_auc("cardio", "SS-DGM", "auc") is None


def test_a_table_that_is_not_there(tmp_path, capsys):
    command = ["reproduce", "deep-sad", "tabular", "--data", "cardio", "--seeds", "0", "--quick"]
    command += ["--data-dir", str(tmp_path), "--out", str(tmp_path / "out")]
    main(command)
    printed = capsys.readouterr().out
    assert "cardio, OC-SVM, seed 0: no data: There is no table 'cardio' among the 0" in printed
    assert "failed" not in printed and re.search(r"cardio +no data", printed)


@pytest.mark.slow
def test_a_table_end_to_end(tmp_path, capsys):
    generator = np.random.default_rng(0)
    y = (np.arange(300) % 10 == 0).astype("int64")
    x = generator.normal(size=(300, 6)) + 4 * y[:, None]
    (tmp_path / "data").mkdir()
    np.savez(tmp_path / "data" / "thyroid.npz", X=x, y=y)
    command = ["reproduce", "deep-sad", "tabular", "--data", "thyroid", "--seeds", "0", "--quick"]
    command += ["--epochs", "2", "--pretrain-epochs", "2", "--hindsight"]
    command += ["--data-dir", str(tmp_path / "data"), "--out", str(tmp_path / "out")]
    assert main(command) == 0
    text = capsys.readouterr().out
    assert "10/10" in text and "cardio      not run" in text
    content = read_json(tmp_path / "out" / "results.json")
    aucs = {cell["column"]: cell["result"]["metrics"]["auc"] for cell in content["cells"]}
    assert set(aucs) == {problems.TITLES[m] for m in tabular.METHODS} | {
        "OC-SVM, hindsight",
        "SSAD, hindsight",
        "SSAD hybrid, hindsight",
    }
    assert aucs["OC-SVM"] > 0.95 and aucs["SSAD"] > 0.95
    assert aucs["OC-SVM, hindsight"] >= aucs["OC-SVM"] - 0.01
    # A second time there is nothing to do.
    assert main(command) == 0
    assert not re.search(r"^\d+/\d+ ", capsys.readouterr().out, re.MULTILINE)


@pytest.mark.parametrize("options", [QUICK, Options(own={"labelled": "next"})])
@pytest.mark.parametrize("table", [scenario1, scenario2, scenario3, sensitivity])
def test_all_cells_have_settings_of_a_run(table, options):
    for cell in of(table.cells(options), normal_class=3, seed=0):
        config = TrainConfig.for_dataset(**cell.configuration["settings"])
        assert (config.normal_class, config.dataset) == (3, cell.data)
        assert config.batch_size == 128 and config.preprocessing == "unit"
        labelled = getattr(config, "labelled", 0)
        assert (config.method == "deep-sad") == (labelled > 0)


def test_selection():
    cells = scenario1.cells(QUICK)
    chosen = select(cells, Options(classes=(3,), data=("mnist",), methods=("supervised",)))
    assert len(chosen) == 4 and {c.row for c in chosen} == {
        f"MNIST, {share:g}" for share in published.RATIOS[1:]
    }
