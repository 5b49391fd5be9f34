"""The figures of tables 1 to 6: AUC in %, mean and standard deviation of five runs.

All were read in the paper. Rows and columns are named by `variants` and `problems`.
"""

from __future__ import annotations

from kerasocc.experiments.tables.cell import Published

NOISE, VARIANCE = "D. SVDD w/ bias & noise reg.", "D. SVDD w/ bias & σ² reg."
DEEP = ("D. SVDD", "D. SVDD w/ bias", NOISE, VARIANCE)
SHALLOW = ("OC-SVM w/ PCA", "OC-SVM w/ CNN feat.", "IF w/ PCA", "IF w/ CNN feat.")
GEO = "GEO w/ Dirichlet"
STROKES = ("VOC2012 strokes 5", "VOC2012 strokes 9", "WikiArt strokes 5", "WikiArt strokes 9")
BLOCKS = ("VOC2012 blocks 2", "VOC2012 blocks 8", "WikiArt blocks 2", "WikiArt blocks 8")
CIFAR10 = ("CIFAR10 one-vs-all", "CIFAR10 strokes 1")
RATES = ("1e-3", "1e-2", "1e-1")
TRANSFERS = (
    *("VOC2012 Bp8, St9, St5", "VOC2012 St9, Bp8, Bp2", "VOC2012 St9, St5, Bp2"),
    *("WikiArt Bp8, St9, St5", "WikiArt St9, Bp8, Bp2", "WikiArt St9, St5, Bp2"),
)
"""Alterations of labelled training, validation and test anomalies."""

TABLE1 = {
    f"{NOISE}, fixed weight": "75.0±1.1 76.2±4.4 81.4±1.3 84.0±1.3",
    f"{NOISE}, adaptive": "76.6±1.8 78.8±1.0 81.8±1.2 84.2±1.3",
    f"{VARIANCE}, fixed weight": "73.1±2.6 77.3±1.9 78.1±6.1 84.6±0.4",
    f"{VARIANCE}, adaptive": "78.7±3.2 80.8±2.3 75.7±3.6 78.5±1.5",
}
TABLE2 = {
    "OC-SVM w/ PCA": "59.8±0.0 59.8±0.0 56.0±0.0 53.2±0.0",
    "OC-SVM w/ CNN feat.": "53.5±0.0 52.9±0.0 51.7±0.0 64.4±0.1",
    "IF w/ PCA": "59.6±0.3 82.8±0.2 59.2±0.1 74.7±0.3",
    "IF w/ CNN feat.": "51.7±0.7 30.8±3.8 50.9±1.1 38.7±2.0",
    GEO: "78.8±0.5 87.4±1.1 81.1±1.1 88.3±1.9",
    "D. SVDD": "65.6±1.7 80.6±2.8 69.0±0.5 78.9±2.3",
    "D. SVDD w/ bias": "66.0±1.1 79.0±3.6 69.1±0.7 79.0±1.0",
    NOISE: "66.7±1.3 81.7±3.5 69.7±0.5 79.7±0.9",
    VARIANCE: "66.3±1.4 79.4±2.2 67.7±1.1 80.7±3.9",
}
TABLE3 = {
    "OC-SVM w/ PCA": "61.6±10.4 53.6±0.0",
    "OC-SVM w/ CNN feat.": "75.3±8.0 66.7±0.0",
    "IF w/ PCA": "54.5±12.6 64.1±0.8",
    "IF w/ CNN feat.": "69.2±10.0 50.9±1.7",
    GEO: "87.2±7.2 73.7±1.5",
    "D. SVDD": "67.9±6.5 85.7±7.1",
    "D. SVDD w/ bias": "67.7±6.1 85.1±7.5",
    NOISE: "68.6±6.4 91.3±3.6",
    VARIANCE: "67.6±5.2 86.0±5.0",
}
TABLE4 = {
    # The first figure of this row cannot be read in the copy that was at hand.
    "OC-SVM w/ PCA": "- 56.1±0.0 55.5±0.0 62.5±0.0",
    "OC-SVM w/ CNN feat.": "54.4±0.0 54.6±0.0 57.4±0.0 55.2±0.0",
    "IF w/ PCA": "68.4±0.5 74.3±0.5 68.5±0.2 74.1±0.3",
    "IF w/ CNN feat.": "41.9±2.0 38.9±3.4 47.5±3.1 46.7±2.7",
    GEO: "66.7±2.1 70.8±1.0 64.0±0.8 69.2±1.0",
    "D. SVDD, soft-boundary": "74.2±3.1 75.4±2.5 80.4±0.5 83.5±0.6",
    "D. SVDD w/ bias, soft-boundary": "71.6±2.8 74.5±4.1 80.0±1.0 83.0±0.8",
    f"{NOISE}, soft-boundary": "75.5±1.9 76.7±2.0 80.4±1.0 84.2±1.8",
    f"{VARIANCE}, soft-boundary": "74.8±6.3 79.8±1.6 75.3±3.0 77.6±3.0",
    "D. SVDD, one-class": "73.6±4.7 70.2±4.5 81.8±0.7 84.0±0.8",
    "D. SVDD w/ bias, one-class": "72.9±5.0 76.5±2.7 81.4±0.9 83.4±2.9",
    f"{NOISE}, one-class": "76.6±1.8 78.8±1.0 81.8±1.2 84.2±1.3",
    f"{VARIANCE}, one-class": "78.7±3.2 80.8±2.3 75.7±3.6 78.5±1.5",
}
TABLE5 = {
    "D. SVDD": "65.4±1 65.9±4 56.6±3 76.1±2 67.3±7 58.0±5 "
    "70.1±1 59.9±4 54.6±2 78.2±1 70.3±5 57.8±5",
    "D. SVDD w/ bias": "66.5±1 64.2±1 57.1±2 76.2±2 66.6±7 64.3±4 "
    "69.7±1 62.2±6 58.7±1 80.2±2 63.4±6 56.4±5",
    NOISE: "66.0±2 65.6±2 59.7±1 78.4±4 73.1±3 65.4±4 70.2±1 64.9±4 59.5±3 81.5±3 73.0±6 62.2±6",
    VARIANCE: "66.7±3 64.0±2 58.5±3 75.4±2 59.9±8 60.9±9 "
    "67.8±2 60.6±4 55.6±2 76.1±3 64.7±10 57.3±1",
}
TABLE6 = {
    "D. SVDD": "80.9±6 94.3±2 87.4±5 86.7±3 93.9±3 85.9±6 82.8±2",
    "D. SVDD w/ bias": "80.8±6 94.1±2 85.4±5 82.2±3 94.6±2 85.4±5 87.6±5",
    NOISE: "81.2±6 96.3±1 87.9±4 87.9±3 93.2±1 90.8±4 85.4±5",
    VARIANCE: "80.0±6 89.4±4 81.1±6 83.6±4 91.9±4 87.8±4 88.6±4",
}
_COLUMNS = {
    "table1": (TABLE1, STROKES),
    "table2": (TABLE2, BLOCKS),
    "table3": (TABLE3, CIFAR10),
    "table4": (TABLE4, STROKES),
    "table5": (TABLE5, tuple(f"{column}, {rate}" for column in BLOCKS for rate in RATES)),
    "table6": (TABLE6, (CIFAR10[0], *TRANSFERS)),
}


def published_auc(table: str, row: str, column: str) -> Published | None:
    """A figure of a table, or None."""
    rows, columns = _COLUMNS.get(table, ({}, ()))
    if row not in rows or column not in columns:
        return None
    figure = rows[row].split()[columns.index(column)]
    if figure == "-":
        return None
    mean, _, deviation = figure.partition("±")
    return Published(float(mean), deviation=float(deviation))
