"""The figures of the paper stand where they belong."""

import pytest

from kerasocc.experiments.papers.mode_collapse import published
from kerasocc.experiments.papers.mode_collapse.published import NOISE, VARIANCE, published_auc


@pytest.mark.parametrize(
    ("table", "row", "column", "value", "deviation"),
    [
        ("table1", f"{VARIANCE}, adaptive", "VOC2012 strokes 9", 80.8, 2.3),
        ("table1", f"{NOISE}, fixed weight", "WikiArt strokes 5", 81.4, 1.3),
        ("table2", published.GEO, "WikiArt blocks 8", 88.3, 1.9),
        ("table2", "IF w/ CNN feat.", "VOC2012 blocks 8", 30.8, 3.8),
        ("table3", NOISE, "CIFAR10 strokes 1", 91.3, 3.6),
        ("table3", published.GEO, "CIFAR10 one-vs-all", 87.2, 7.2),
        ("table4", "OC-SVM w/ PCA", "VOC2012 strokes 9", 56.1, 0.0),
        ("table4", f"{VARIANCE}, soft-boundary", "VOC2012 strokes 9", 79.8, 1.6),
        ("table4", "D. SVDD, one-class", "VOC2012 strokes 9", 70.2, 4.5),
        ("table5", "D. SVDD w/ bias", "VOC2012 blocks 8, 1e-1", 64.3, 4),
        ("table5", VARIANCE, "WikiArt blocks 2, 1e-3", 67.8, 2),
        ("table6", NOISE, "VOC2012 Bp8, St9, St5", 96.3, 1),
        ("table6", "D. SVDD", "CIFAR10 one-vs-all", 80.9, 6),
        ("table6", VARIANCE, "WikiArt St9, St5, Bp2", 88.6, 4),
    ],
)
def test_figures(table, row, column, value, deviation):
    found = published_auc(table, row, column)
    assert (found.value, found.deviation, found.checked) == (value, deviation, True)


def test_rows_have_as_many_figures_as_columns():
    for rows, columns in published._COLUMNS.values():
        for row, figures in rows.items():
            assert len(figures.split()) == len(columns), row


def test_what_has_no_figure():
    assert published_auc("table4", "OC-SVM w/ PCA", "VOC2012 strokes 5") is None
    assert published_auc("table5", "D. SVDD", "CIFAR10 one-vs-all, 1e-3") is None
    assert published_auc("figure1", "D. SVDD", "VOC2012 blocks 2, 1e-3") is None
