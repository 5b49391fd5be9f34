"""The tables of the methods of the notebooks: one definition for all data sets."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from kerasocc.experiments.papers.oc_nn.comparison import COMPARED, PROTOCOL
from kerasocc.experiments.papers.oc_nn.published import CAVEATS, published_auc, published_name
from kerasocc.experiments.papers.training import quick_or_given, train_config
from kerasocc.experiments.tables.cell import Cell, Published
from kerasocc.experiments.tables.definition import (
    Context,
    Options,
    OwnOption,
    Result,
    TableDefinition,
)

PAPER = "ocnn"
SOURCE = (
    "Chalapathy et al., Anomaly Detection using One-Class Neural Networks, arXiv 1802.06360, and "
    "the notebooks of https://github.com/raghavchalapathy/oc-nn"
)
QUICK = {"epochs": 5, "pretrain_epochs": 5}
PRETRAINED = {"one-class": "deep-svdd", "soft-boundary": "deep-svdd", "oc-nn": "oc-nn"}
"""Methods with a pretraining; those of one name share it."""
TRANSDUCTIVE = (
    "Transductive: every model is tested on the samples that it was trained on, 1 % of which are "
    "anomalies. These figures do not compare with the inductive ones of `kerasocc train`, whose "
    "test samples no model has seen."
)
INDUCTIVE = (
    "With --evaluation inductive: trained on all normal training samples, tested on the test part. "
    "The published figures are transductive and do not compare with these."
)
EVALUATION = OwnOption(
    name="evaluation",
    help="transductive, as published (default), or inductive: tested on samples that were not "
    "trained on",
    choices=("transductive", "inductive"),
    default="transductive",
)
_WHOLE_TRAINING_PART = {"validation": 0.0}


def settings_of(method: str, options: Options) -> dict[str, Any]:
    """Settings of `TrainConfig` that the comparison has for a method, without data and seed."""
    evaluation = options.own.get(EVALUATION.name) or EVALUATION.default
    of_evaluation = {"protocol": PROTOCOL} if evaluation == PROTOCOL else _WHOLE_TRAINING_PART
    epochs = quick_or_given(options, QUICK)
    if method not in PRETRAINED:
        epochs.pop("pretrain_epochs", None)
    return {**COMPARED[method].settings, **of_evaluation, **epochs}


def comparison_cells(
    options: Options,
    *,
    dataset: str,
    classes: Sequence[int | str],
    seeds: Sequence[int],
) -> list[Cell]:
    """All cells: every class and method, one seed after the other.

    Args:
        options: What the user asks for; its `data` in place of the data set.
        dataset: Name or path of images.
        classes: Those that are normal in turn.
        seeds: Unless the user says others.
    """
    source = dataset
    if options.data is not None:
        if len(options.data) != 1:
            raise ValueError(f"`data` must be one data set. Received: {options.data}")
        (source,) = options.data
    name = Path(source).stem
    return [
        Cell(
            row=str(normal_class),
            column=COMPARED[method].title,
            configuration={
                "experiment": f"{PAPER}:{method}",
                "settings": {
                    **settings_of(method, options),
                    "dataset": name,
                    "normal_class": normal_class,
                    "seed": seed,
                },
            },
            normal_class=normal_class,
            seed=seed,
            method=method,
            data=source,
        )
        for seed in options.seeds or seeds
        for normal_class in classes
        for method in COMPARED
    ]


def group(cell: Cell) -> str:
    """Cells with the same data."""
    settings = cell.configuration["settings"]
    evaluation = settings.get("protocol", "inductive")
    parts = (PAPER, settings["dataset"], settings["normal_class"], evaluation, cell.seed)
    return "-".join(map(str, parts))


def run(cells: Sequence[Cell], context: Context) -> Iterator[tuple[Cell, Result]]:
    """Train, one pretraining for both objectives of Deep SVDD."""
    for cell in cells:
        settings = {**cell.configuration["settings"], "dataset": cell.data}
        lengths = f"{settings.get('pretrain_epochs')}+{settings.get('epochs')}"
        own = PRETRAINED.get(cell.method, cell.method)
        yield cell, train_config(settings, f"{group(cell)}-{lengths}-{own}", cell.key, context)


def comparison_table(
    name: str,
    dataset: str,
    classes: Sequence[int | str],
    *,
    title: str,
    seeds: Sequence[int] = (0,),
    run: Callable[[Sequence[Cell], Context], Iterator[tuple[Cell, Result | Exception]]] = run,
    notes: Sequence[str] = (),
) -> TableDefinition:
    """The table of a data set.

    Args:
        name: Of the table.
        dataset: Name or path of images.
        classes: Those that are normal in turn.
        title: Of the table.
        seeds: Unless the user says others.
        run: See `TableDefinition`.
        notes: In addition to those of all these tables.
    """
    by_title = {method.title: key for key, method in COMPARED.items()}

    def published(row: str, column: str, metric: str) -> Published | None:
        is_known = metric == "auc" and column in by_title
        return published_auc(dataset, by_title[column], row) if is_known else None

    caveat = CAVEATS.get(published_name(dataset))
    return TableDefinition(
        paper=PAPER,
        name=name,
        title=title,
        source=SOURCE,
        cells=functools.partial(comparison_cells, dataset=dataset, classes=classes, seeds=seeds),
        run=run,
        group=group,
        published=published,
        heads="class",
        own_options=(EVALUATION,),
        notes=(TRANSDUCTIVE, *((caveat,) if caveat else ()), *notes),
    )
