"""The cells of the tables of Chong et al., and what one of them finds."""

import json
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from kerasocc.experiments.papers import named_files
from kerasocc.experiments.papers.mode_collapse import problems, variants
from kerasocc.experiments.papers.mode_collapse.tables import DEFINITIONS, differences
from kerasocc.experiments.papers.mode_collapse.trials import run_trial
from kerasocc.experiments.tables.cell_store import CellStore
from kerasocc.experiments.tables.definition import Options
from kerasocc.experiments.tables.summary import summarize

BY_NAME = {table.name: table for table in DEFINITIONS}


def cells_of(name, **options):
    return BY_NAME[name].cells(Options(**options))


@pytest.mark.parametrize(
    ("name", "count", "rows", "columns"),
    [
        ("table1", 4 * 4 * 5, 4, 4),
        ("table2", 9 * 4 * 5, 9, 4),
        ("table3", 9 * (10 + 1) * 5, 9, 2),
        ("table4", 13 * 4 * 5, 13, 4),
        ("table5", 4 * 3 * (10 + 4) * 5, 4, 15),
        ("table6", 4 * (90 + 6) * 5, 4, 7),
        ("figure1", 2 * 4 * 3 * (10 + 4) * 5, 4, 30),
        ("figure2", 5 * 2 * 4 * 5, 5, 8),
    ],
)
def test_the_layout_is_that_of_the_paper(name, count, rows, columns):
    cells = cells_of(name)
    assert len(cells) == count
    # Without a head a tenth of one rate is the next one.
    twice = 3 * 2 * 14 * 5 if name == "figure1" else 0
    assert len({cell.key for cell in cells}) == count - twice
    assert len({cell.row for cell in cells}) == rows
    assert len({cell.column for cell in cells}) == columns
    assert json.loads(json.dumps(cells[0].configuration)) == cells[0].configuration
    # Every figure of the paper has its place, but for one row of table 4.
    if name.startswith("table"):
        found = {
            (c.row, c.column) for c in cells if BY_NAME[name].published(c.row, c.column, "auc")
        }
        ours = 4 * 3 if name == "table5" else 1 if name == "table4" else 0
        assert len(found) == rows * columns - ours


def test_tables_share_their_cells():
    keys = {name: {cell.key for cell in cells_of(name)} for name in BY_NAME}
    assert keys["table5"] < keys["figure1"]
    assert keys["table1"] & keys["table4"], "the adaptive ones"
    # Noise, variance and the bias-free model do not share settings.
    settings = {m: variants.of_method(m) for m in variants.METHODS}
    assert len({json.dumps(s) for s in settings.values()}) == len(variants.METHODS)
    assert not settings["svdd"]["use_bias"] and settings["svdd-bias"]["use_bias"]
    assert settings["noise"]["learning_rate"] == pytest.approx(1e-4)
    assert settings["noise"]["head_rate"] == 1e-3


def test_rates_of_figure_1():
    cells = [c for c in cells_of("figure1", seeds=(0,)) if c.method == "noise"]
    rates = {
        c.column.split(", ")[1]: (
            c.configuration["settings"]["learning_rate"],
            c.configuration["settings"]["head_rate"],
        )
        for c in cells
    }
    assert rates["1e-2"] == pytest.approx((1e-3, 1e-2))
    assert rates["1e-2 in all layers"] == (1e-2, 1e-2)
    objectives = {c.configuration["settings"]["objective"] for c in cells}
    nu = {c.data: c.configuration["settings"]["nu"] for c in cells}
    assert objectives == {"soft-boundary"} and nu["voc2012"] == 0.2 and nu["wikiart"] == 0.1


def test_the_differences_of_figure_1(tmp_path):
    cells = [c for c in cells_of("figure1", seeds=(0,)) if c.column == "VOC2012 blocks 2, 1e-2"]
    store = CellStore(tmp_path)
    for number, cell in enumerate(cells[:3]):
        store.write(cell, {"status": "done", "metrics": {"auc": 0.7 + 0.015 * number}})
    found = differences(summarize(BY_NAME["figure1"], cells, store))
    assert found == [
        "VOC2012 blocks 2, 1e-2, minus D. SVDD: D. SVDD w/ bias +1.5, "
        "D. SVDD w/ bias & noise reg. +3.0."
    ]


def test_the_transfers_of_table_6():
    cell = next(c for c in cells_of("table6") if c.column == "WikiArt Bp8, St9, St5")
    problem, settings = cell.configuration["problem"], cell.configuration["settings"]
    assert problem["labelled"] == ["blocks", 8] and problem["validation"] == ["strokes", 9]
    assert problem["test"] == ["strokes", 5] and settings["method"] == "deep-sad"


def test_reduced_lengths_and_files(tmp_path):
    folder, weights = str(tmp_path / "pictures"), str(tmp_path / "resnet.pth")
    own = {"voc2012": folder, "weights": weights, "noise_tasks": 7}
    cells = cells_of("table2", quick=True, own=own)
    text = json.dumps([cell.configuration for cell in cells])
    assert str(tmp_path) not in text
    assert named_files.path_of("resnet") == weights and named_files.path_of("pictures") == folder
    assert {c.configuration["settings"].get("epochs") for c in cells} == {None, 3, 12}
    assert {c.configuration["settings"].get("noise_tasks") for c in cells} == {None, 7}
    assert {c.configuration["weights"] for c in cells} == {"resnet"}
    longer = cells_of("table2", epochs=5)
    assert {c.configuration["settings"].get("epochs") for c in longer} == {None, 5}
    assert all("sizes" not in c.configuration["problem"] for c in longer)


@pytest.fixture
def voc(tmp_path, random):
    """A folder in the layout of VOC2012: 6 images to train, 10 to validate."""
    root = tmp_path / "VOC2012"
    (root / "JPEGImages").mkdir(parents=True)
    (root / "ImageSets" / "Main").mkdir(parents=True)
    names = {"train": [f"t{n}" for n in range(6)], "val": [f"v{n}" for n in range(10)]}
    for part, own in names.items():
        (root / "ImageSets" / "Main" / f"{part}.txt").write_text("\n".join(own) + "\n")
        for name in own:
            pixels = random.integers(0, 255, (40, 40, 3)).astype("uint8")
            Image.fromarray(pixels).save(root / "JPEGImages" / f"{name}.jpg")
    return str(root)


def test_the_splits_of_voc2012(voc, monkeypatch):
    monkeypatch.setattr(problems, "SIDE", 32)
    problem = problems.alteration(
        "voc2012", ("strokes", 5), validation=("blocks", 8), labelled=("blocks", 2)
    )
    data = problems.load_problem({**problem, "path": named_files.name_of(voc)}, seed=0)
    # All of the training list trains, beside a tenth of labelled anomalies; of the other one 40 %
    # validate.
    assert (data.y_train == 0).sum() == 6 and (data.y_train == -1).sum() == 1
    assert data.y_val.tolist() == [0] * 4 + [1] * 4 and data.y_test.tolist() == [0] * 6 + [1] * 6
    images = [np.asarray(part[: len(part) // 2]) for part in (data.x_val, data.x_test)]
    both = np.concatenate(images).reshape(10, -1)
    assert len(np.unique(both, axis=0)) == 10
    # Permuted blocks hold the pixels of their image, strokes do not.
    pixels = [
        np.sort(np.asarray(part).reshape(len(part), -1)) for part in (data.x_val, data.x_test)
    ]
    np.testing.assert_array_equal(pixels[0][:4], pixels[0][4:])
    assert (pixels[1][:6] != pixels[1][6:]).any(axis=1).all()


def test_folders_that_are_not_there(tmp_path, monkeypatch):
    monkeypatch.setenv("KERASOCC_DATA_DIR", str(tmp_path))
    cell = next(c for c in cells_of("table2") if c.data == "wikiart")
    with pytest.raises(FileNotFoundError, match="There is no folder of images called 'wikiart'"):
        problems.load_problem(cell.configuration["problem"], 0)


@pytest.fixture
def tiny(random):
    """Noisy squares of one colour, and of others, 32 x 32."""
    from kerasocc.datasets import one_vs_rest

    classes = np.arange(120) % 2
    x = random.integers(0, 60, (120, 32, 32, 3)) + 120 * classes[:, None, None, None]
    data = one_vs_rest(
        (x.astype("uint8"), classes), normal_class=0, validation=0.2, preprocessing="imagenet"
    )
    return problems._reduced(data, {"train": 24, "validation": 12, "test": 20}, 0)


def test_reduced_parts_keep_both_kinds(tiny):
    assert len(tiny.x_train) == 24 and (tiny.truth_train == 0).all()
    for labels in (tiny.y_val, tiny.y_test):
        assert 0 < labels.sum() < len(labels)
    again = problems._reduced(tiny, {"train": 99, "validation": 99, "test": 99}, 0)
    np.testing.assert_array_equal(again.x_test, tiny.x_test)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("method", "options"),
    [
        ("noise", dict(objective="soft-boundary")),
        ("variance", dict(adaptive=False)),
        ("svdd-bias", dict(semi_supervised=True)),
        ("geo", {}),
    ],
)
def test_a_trial(method, options, tiny, tmp_path):
    settings = {**variants.of_method(method, **options), "epochs": 2}
    data = tiny
    if settings["method"] == "deep-sad":
        labels = tiny.y_train.copy()
        labels[:3] = -1
        data = replace(tiny, y_train=labels)
    options = dict(weights=None, folder=tmp_path, progress=False)
    result = run_trial(settings, data, 0, **options)
    metrics = result["metrics"]
    assert 0 <= metrics["auc"] <= 1 and result["samples"] == 24
    if method == "geo":
        assert "log_spread" not in metrics
        return
    assert -12 <= metrics["log_spread"] < 2 and metrics["collapsed"] in (0.0, 1.0)
    assert len(result["curves"]["embedding_spread"]) == 2
    weight = result["curves"].get("regularization_weight")
    assert weight is None if method == "svdd-bias" else len(weight) == 2
    if options and method == "variance":
        assert weight == [1.0, 1.0]
