"""The tables of latent outlier exposure."""

import csv

import pytest
from scipy.stats import wilcoxon

from kerasocc.experiments.papers.loe import tables
from kerasocc.experiments.papers.loe.page import Tabled, study_page


def rows_of(values, **fields):
    """Rows from `{data: {mode: AUC by seed}}`."""
    return [
        dict(data=data, seed=seed, mode=mode, contamination=0.1, assumed=0.1, auc=auc, **fields)
        for data, by_mode in values.items()
        for mode, aucs in by_mode.items()
        for seed, auc in enumerate(aucs)
    ]


VALUES = {
    "a/wine.npz": {"blind": [0.6, 0.8], "soft": [0.8, 0.9], "hard": [0.7, 0.6]},
    "glass": {"blind": [0.5, 0.5], "soft": [0.5, 0.6], "hard": [0.5, 0.8]},
}


def test_table_by_hand():
    expected = [
        f"{'':5}          Blind          LOE-S          LOE-H",
        "wine     70.0 +-10.0    85.0 +- 5.0    65.0 +- 5.0",
        "glass    50.0 +- 0.0    55.0 +- 5.0    65.0 +-15.0",
        "mean           60.00          70.00          65.00",
    ]
    assert tables.table(rows_of(VALUES), "auc").splitlines() == expected


def test_comparison_by_hand():
    soft, hard = tables.compare(rows_of(VALUES), "auc")
    assert (soft.mode, soft.gain, soft.better, soft.sets, soft.worse) == (
        "soft",
        pytest.approx(10.0),
        2,
        2,
        (),
    )
    assert soft.p_value == wilcoxon([15.0, 5.0], alternative="greater").pvalue == 0.25
    assert hard.gain == pytest.approx(5.0) and hard.better == 1 and hard.worse == ("wine",)
    assert str(hard).startswith("LOE-H - Blind: +5.00 points, above on 1 of 2 sets, p = ")
    assert str(hard).endswith("below Blind: wine")
    equal = rows_of({"glass": {"blind": [0.5], "refine": [0.5]}})
    assert tables.compare(equal, "auc")[0].p_value == 1.0
    assert tables.compare(rows_of({"glass": {"soft": [0.5]}}), "auc") == []


def test_csv_holds_all_rows():
    rows = rows_of(VALUES)
    read = list(csv.DictReader(tables.as_csv(rows).splitlines()))
    assert [float(row["auc"]) for row in read] == [row["auc"] for row in rows]
    assert read[0]["data"] == "a/wine.npz"


def test_curves_by_hand():
    rows = rows_of({"glass": {"blind": [0.5], "soft": [0.6]}})
    rows += [{**rows[1], "assumed": 0.2, "auc": 0.7}, {**rows[1], "assumed": "auto", "auc": 0.1}]
    along = tables.curves(rows, "assumed", "auc")
    # What is told changes nothing for Blind.
    assert along["blind"] == {0.1: [50.0], 0.2: [50.0]}
    assert along["soft"] == {0.1: [60.0], 0.2: [70.0]}
    assert tables.curves(rows[:2], "contamination", "auc")["soft"] == {0.1: [60.0]}


def test_the_page_has_the_cells_and_a_picture():
    rows = rows_of(VALUES)
    tabled = [Tabled("AUC in %", rows, "auc")]
    curves = {"soft": {0.1: [60.0, 70.0], 0.2: [80.0]}}
    ratios = {"assumed": {"curves": curves, "x": "assumed contamination in %", "y": "AUC in %"}}
    page = study_page(tabled, ratios, subtitle="2 data sets")
    _, cells, means = tables.cells(rows, "auc")
    assert all(f">{cell.replace('+-', '±')}</td>" in page for _, *row in cells for cell in row)
    assert all(f">{mean}</td>" in page for mean in means)
    assert page.count("<svg") == 2 and "LOE-S - Blind: +10.00 points" in page
