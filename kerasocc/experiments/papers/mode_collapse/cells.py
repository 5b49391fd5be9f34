"""The cells of the tables of Chong et al."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from kerasocc.experiments.papers.mode_collapse import published, variants
from kerasocc.experiments.papers.mode_collapse.problems import SOURCES, alteration, one_vs_all
from kerasocc.experiments.papers.named_files import name_of
from kerasocc.experiments.tables.cell import Cell
from kerasocc.experiments.tables.definition import Options

PAPER = "chong"
SEEDS = tuple(range(5))
FOLDERS = {"voc2012": "VOC2012", "wikiart": "wikiart"}
"""Where images lie that are not given: folders below KERASOCC_DATA_DIR."""
QUICK_SIZES = {"train": 1000, "validation": 600, "test": 1000}
QUICK_SIZES_OF_GEO = {"train": 300, "validation": 60, "test": 300}


class Places:
    """Makes the cells of a table at the length that is asked for.

    Args:
        options: What the user asks for.
    """

    def __init__(self, options: Options):
        self._options = options
        weights = options.own.get("weights")
        self._weights = None if weights is None else name_of(weights)
        self._paths = {
            source: name_of(options.own.get(source) or usual) for source, usual in FOLDERS.items()
        }

    def cells(
        self,
        row: str,
        column: str,
        problem: dict[str, Any],
        method: str,
        settings: dict[str, Any],
    ) -> Iterator[Cell]:
        """A row and column, one seed after the other."""
        options = self._options
        tasks = options.own.get("noise_tasks")
        if tasks is not None and "noise_tasks" in settings:
            settings = {**settings, "noise_tasks": tasks}
        settings = variants.shortened(settings, quick=options.quick, epochs=options.epochs)
        source = problem["source"]
        if source in self._paths:
            problem = {**problem, "path": self._paths[source]}
        if options.quick:
            sizes = QUICK_SIZES_OF_GEO if method == "geo" else QUICK_SIZES
            problem = {**problem, "sizes": sizes}
        for seed in options.seeds or SEEDS:
            yield Cell(
                row=row,
                column=column,
                configuration={
                    "experiment": PAPER,
                    "problem": problem,
                    "settings": settings,
                    "weights": self._weights,
                    "seed": seed,
                },
                normal_class=problem.get("normal_class"),
                seed=seed,
                method=method,
                data=source,
            )


def table1(places: Places) -> Iterator[Cell]:
    """Fixed and adaptive weights of the regularizers."""
    for source, amount, column in _strokes():
        problem = alteration(source, ("strokes", amount))
        for method in ("noise", "variance"):
            for adaptive, how in ((False, "fixed weight"), (True, "adaptive")):
                settings = variants.deep(method, adaptive=adaptive, source=source)
                row = f"{variants.METHODS[method]}, {how}"
                yield from places.cells(row, column, problem, method, settings)


def table2(places: Places) -> Iterator[Cell]:
    """Permuted blocks."""
    for source, amount, column in _blocks():
        problem = alteration(source, ("blocks", amount))
        for method, row in variants.METHODS.items():
            settings = variants.of_method(method, source=source)
            yield from places.cells(row, column, problem, method, settings)


def table3(places: Places) -> Iterator[Cell]:
    """CIFAR-10: one class against all, and strokes."""
    problems = [(published.CIFAR10[0], one_vs_all(number)) for number in range(10)]
    problems.append((published.CIFAR10[1], alteration("cifar10", ("strokes", 1))))
    for column, problem in problems:
        for method, row in variants.METHODS.items():
            yield from places.cells(row, column, problem, method, variants.of_method(method))


def table4(places: Places) -> Iterator[Cell]:
    """Strokes, with both objectives."""
    for source, amount, column in _strokes():
        problem = alteration(source, ("strokes", amount))
        for method in (*variants.SHALLOW_METHODS, "geo"):
            settings = variants.other(method)
            yield from places.cells(variants.METHODS[method], column, problem, method, settings)
        for objective in ("soft-boundary", "one-class"):
            for method in variants.DEEP_METHODS:
                settings = variants.deep(method, objective=objective, source=source)
                row = f"{variants.METHODS[method]}, {objective}"
                yield from places.cells(row, column, problem, method, settings)


def rates(places: Places, *, alike: bool) -> Iterator[Cell]:
    """Every learning rate; CIFAR-10 beside the data of the paper.

    Args:
        places: Makes the cells.
        alike: Whether all layers have the rate of the head.
    """
    problems = [("CIFAR10 one-vs-all", one_vs_all(number)) for number in range(10)]
    problems += [(column, alteration(s, ("blocks", n))) for s, n, column in _blocks()]
    for title, problem in problems:
        for text, rate in variants.RATES.items():
            for method in variants.DEEP_METHODS:
                settings = variants.deep(
                    method,
                    objective="soft-boundary",
                    source=problem["source"],
                    rate=rate,
                    encoder_rate=rate if alike else None,
                )
                column = f"{title}, {text} in all layers" if alike else f"{title}, {text}"
                row = variants.METHODS[method]
                yield from places.cells(row, column, problem, method, settings)


def figure1(places: Places) -> Iterator[Cell]:
    """Learning rates, a tenth for the encoder or one for all layers."""
    yield from rates(places, alike=False)
    yield from rates(places, alike=True)


def table6(places: Places) -> Iterator[Cell]:
    """Semi-supervised."""
    problems = [
        (published.CIFAR10[0], one_vs_all(number, other))
        for number in range(10)
        for other in range(10)
        if other != number
    ]
    kinds = {"Bp": "blocks", "St": "strokes"}
    for column in published.TRANSFERS:
        source, labelled, validation, test = column.replace(",", "").split()
        found = [(kinds[text[:2]], int(text[2:])) for text in (labelled, validation, test)]
        problem = alteration(source.lower(), found[2], validation=found[1], labelled=found[0])
        problems.append((column, problem))
    for column, problem in problems:
        for method in variants.DEEP_METHODS:
            settings = variants.deep(method, semi_supervised=True)
            yield from places.cells(variants.METHODS[method], column, problem, method, settings)


def figure2(places: Places) -> Iterator[Cell]:
    """With and without the pooling layer.

    Not on CIFAR-10: the last feature map of 32 pixels has one place, of which all layers make the
    same.
    """
    problems = [(column, alteration(s, ("blocks", n))) for s, n, column in _blocks()]
    methods = ("oc-svm-cnn", "if-cnn", "svdd", "svdd-bias", "noise")
    for title, problem in problems:
        for pooling, how in (("max", "pooling"), (None, "no pooling")):
            for method in methods:
                settings = variants.of_method(method, source=problem["source"], pooling=pooling)
                row = variants.METHODS[method]
                yield from places.cells(row, f"{title}, {how}", problem, method, settings)


def _strokes() -> list[tuple[str, int, str]]:
    return [(s, n, f"{SOURCES[s]} strokes {n}") for s in ("voc2012", "wikiart") for n in (5, 9)]


def _blocks() -> list[tuple[str, int, str]]:
    return [(s, n, f"{SOURCES[s]} blocks {n}") for s in ("voc2012", "wikiart") for n in (2, 8)]
