"""The figures of the tables of Deep SAD: mean AUC in % over all classes and labelled classes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from kerasocc.experiments.tables.cell import Published

TITLES = {"mnist": "MNIST", "fashion_mnist": "Fashion-MNIST", "cifar10": "CIFAR-10"}
RATIOS = (0.0, 0.01, 0.05, 0.1, 0.2)
"""Of labelled anomalies in scenario 1, of hidden anomalies in scenario 2."""
CLASSES = (0, 1, 2, 3, 5)
"""Numbers of labelled classes in scenario 3."""

Figures = Mapping[str, Mapping[str, Sequence[float | None]]]
"""By column and data set, one for each row of the data set."""

# Quoted by documents that were read; those of `_SCENARIO_2` and below are recalled.
_SCENARIO_1: Figures = {
    "Deep SAD": {
        "mnist": (92.8, 96.4, 96.7, 96.9, 96.9),
        "fashion_mnist": (89.2, 90.0, 90.5, 91.3, 91.0),
        "cifar10": (60.9, 72.6, 77.9, 79.8, 81.9),
    },
    "SSAD hybrid": {
        "mnist": (96.3, 96.8, 97.4, 97.6, 97.8),
        "cifar10": (63.8, 70.5, 73.3, 74.0, 74.5),
    },
    "supervised": {
        "mnist": (None, 83.6, 90.3, 93.9, 96.9),
        "cifar10": (None, 55.6, 63.5, 67.7, 80.5),
    },
}
_SCENARIO_2: Figures = {
    "Deep SAD": {
        "mnist": (96.7, 95.5, 93.5, 91.2, 86.6),
        "fashion_mnist": (90.5, 87.2, 81.5, 78.2, 74.8),
        "cifar10": (77.9, 76.5, 74.0, 71.8, 68.5),
    }
}
_SCENARIO_3: Figures = {
    "Deep SAD": {
        "mnist": (86.5, 91.2, 92.0, 94.7, 97.3),
        "fashion_mnist": (76.2, 78.2, 80.5, 83.9, 87.3),
        "cifar10": (58.6, 71.8, 75.2, 77.5, 80.4),
    }
}
_TABULAR_COLUMNS = ("OC-SVM", "Deep SVDD", "SSAD", "Deep SAD")
_TABULAR = {
    "arrhythmia": (84.5, 74.6, 86.7, 75.9),
    "cardio": (98.5, 84.8, 98.8, 95.0),
    "satellite": (95.1, 79.8, 96.2, 91.5),
    "satimage-2": (99.4, 98.3, 99.9, 99.9),
    "shuttle": (99.4, 86.3, 99.6, 98.4),
    "thyroid": (98.3, 72.0, 97.9, 98.6),
}
TABLES = tuple(_TABULAR)


def row_name(dataset: str, value: float) -> str:
    """`MNIST, 0.05`."""
    return f"{TITLES[dataset]}, {value:g}"


def _by_row(
    figures: Figures, values: Sequence[float], *, checked: bool
) -> Callable[[str, str, str], Published | None]:
    found = {
        (row_name(dataset, value), column): Published(figure, checked=checked)
        for column, of_column in figures.items()
        for dataset, row in of_column.items()
        for value, figure in zip(values, row, strict=True)
        if figure is not None
    }
    if "SSAD hybrid" in figures:
        # What without labels is the other: the paper has one figure for both.
        twins = {"Deep SVDD": "Deep SAD", "OC-SVM hybrid": "SSAD hybrid"}
        found |= {
            (row, twin): found[row, column]
            for twin, column in twins.items()
            for row in (row_name(dataset, 0.0) for dataset in TITLES)
            if (row, column) in found
        }

    def published(row: str, column: str, metric: str) -> Published | None:
        """The figure of a row and column, or None."""
        column = column.removesuffix(", hindsight")
        return found.get((row, column)) if metric == "auc" else None

    return published


scenario1_auc = _by_row(_SCENARIO_1, RATIOS, checked=True)
scenario2_auc = _by_row(_SCENARIO_2, RATIOS, checked=False)
scenario3_auc = _by_row(_SCENARIO_3, CLASSES, checked=False)


def tabular_auc(row: str, column: str, metric: str) -> Published | None:
    """The figure of a row and column, or None."""
    figures = dict(zip(_TABULAR_COLUMNS, _TABULAR.get(row, ()), strict=False))
    value = figures.get(column.removesuffix(", hindsight")) if metric == "auc" else None
    return None if value is None else Published(value, checked=False)
