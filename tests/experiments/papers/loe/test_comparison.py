"""Modes against Blind."""

import pytest
from scipy.stats import wilcoxon

from kerasocc.experiments.papers.loe.comparison import compare, lines
from kerasocc.experiments.tables.definition import AUC, F1
from kerasocc.experiments.tables.summary import Entry, Summary


def summary(values):
    """From `{row: {column: AUC by seed}}`."""
    columns = tuple(dict.fromkeys(column for own in values.values() for column in own))
    entries = {
        ("auc", row, column): Entry(tuple(aucs), len(aucs))
        for row, own in values.items()
        for column, aucs in own.items()
    }
    return Summary(tuple(values), columns, entries, {}, {}, 0.0, {})


VALUES = {
    "wine": {"Blind": [60, 80], "LOE-S": [80, 90], "LOE-H": [70, 60]},
    "glass": {"Blind": [50, 50], "LOE-S": [50, 60], "LOE-H": [50, 80]},
    "pima": {"Blind": [50], "LOE-S": [], "LOE-H": []},
}


def test_by_hand():
    soft, hard = compare(summary(VALUES), AUC)
    # 85 - 70 and 55 - 50; pima was not run.
    assert (soft.mode, soft.better, soft.rows, soft.worse) == ("LOE-S", 2, 2, ())
    assert soft.gain == pytest.approx(10) and soft.p_value is None
    assert hard.gain == pytest.approx(5) and (hard.better, hard.worse) == (1, ("wine",))
    assert str(hard) == (
        "AUC in %, LOE-H - Blind: +5.00 points, above on 1 of 2; below Blind: wine."
    )
    assert list(compare(summary(VALUES), F1)) == []
    assert list(compare(summary({"wine": {"LOE-S": [50]}}), AUC)) == []


def test_of_more_rows_there_is_a_test():
    values = {f"row {n}": {"Blind": [50], "Refine": [51 + n]} for n in range(5)}
    (refine,) = compare(summary(values), AUC)
    expected = wilcoxon([1, 2, 3, 4, 5], alternative="greater").pvalue
    assert refine.p_value == pytest.approx(expected) == pytest.approx(1 / 32)
    assert lines(AUC)(summary(values)) == [
        "AUC in %, Refine - Blind: +3.00 points, above on 5 of 5, p = 0.031 (Wilcoxon, one-sided)."
    ]
    equal = {f"row {n}": {"Blind": [50], "Refine": [50]} for n in range(5)}
    assert next(compare(summary(equal), AUC)).p_value == 1.0
