"""Tables 1 to 6 and figures 1 and 2 of Chong et al."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from kerasocc.experiments.papers.mode_collapse import cells, published, variants
from kerasocc.experiments.papers.mode_collapse.problems import load_problem
from kerasocc.experiments.tables.cell import Cell, Published, key_of
from kerasocc.experiments.tables.definition import (
    AUC,
    Context,
    Metric,
    Options,
    OwnOption,
    Result,
    TableDefinition,
    no_lines,
)
from kerasocc.experiments.tables.summary import Summary

MakeCells = Callable[[cells.Places], Iterator[Cell]]


def group(cell: Cell) -> str:
    """Cells with the same data, which are then read once."""
    return f"{cells.PAPER}-{key_of({'problem': cell.configuration['problem'], 'seed': cell.seed})}"


def run(own: Sequence[Cell], context: Context) -> Iterator[tuple[Cell, Result]]:
    """Train every method on the data that the cells share."""
    from kerasocc.experiments.papers.mode_collapse.trials import run_trial

    data = load_problem(own[0].configuration["problem"], own[0].seed)
    for cell in own:
        folder = context.store.work_folder(f"{cells.PAPER}-{cell.key}")
        result = run_trial(
            cell.configuration["settings"],
            data,
            cell.seed,
            weights=cell.configuration["weights"],
            folder=folder,
            progress=context.progress,
        )
        context.store.discard(folder)
        yield cell, result


def differences(summary: Summary) -> list[str]:
    """What the figure shows: every variant minus the standard model, in points of AUC."""
    standard, others = variants.METHODS["svdd"], variants.DEEP_METHODS[1:]
    lines = []
    for column in summary.columns:
        means = {
            method: entry.mean
            for method in variants.DEEP_METHODS
            if (entry := summary.entries.get((AUC.name, variants.METHODS[method], column)))
        }
        base = means.get("svdd")
        shown = [
            f"{variants.METHODS[method]} {means[method] - base:+.1f}"
            for method in others
            if base is not None and means.get(method) is not None
        ]
        if shown:
            lines.append(f"{column}, minus {standard}: {', '.join(shown)}.")
    return lines


def _published(table: str, row: str, column: str, metric: str) -> Published | None:
    return published.published_auc(table, row, column) if metric == AUC.name else None


def _cells(make: MakeCells, options: Options) -> list[Cell]:
    return list(make(cells.Places(options)))


METRICS = (
    AUC,
    Metric("log_spread", "log10 of the spread of the embeddings per size of the center", 1.0, 1),
    Metric("collapsed", "collapsed trainings in %", 100.0, 0),
)
NOTES = (
    "The ResNet-18 of the paper has the weights of ImageNet; without --weights ours starts from "
    "random ones.",
    "VOC2012 and WikiArt are folders of the user's (--voc2012, --wikiart); of WikiArt the paper "
    "takes six styles, with a training and a test part.",
    "The validation part of CIFAR-10 one-vs-all is a fifth of the training part, anomalies "
    "included; the paper's has all anomalies, which the expected AUC does not depend on.",
    f"The noise regularizer has {variants.NOISE_TASKS} tasks (--noise-tasks); the paper chooses "
    "their number by validation.",
    "The spread is that after the last epoch, the AUC that of the epoch with the best validation "
    "AUC. Below -4 a training counts as collapsed.",
    "Under --quick at most 1000 images train and test, for GEO 300.",
)
OPTIONS = (
    OwnOption(
        name="weights",
        help="file of the ResNet-18's weights: torchvision's state dict, or Keras's weights",
    ),
    OwnOption(name="voc2012", help="folder of VOC2012"),
    OwnOption(name="wikiart", help="folder of WikiArt, a folder per style"),
    OwnOption(name="noise_tasks", kind=int, help="k of the noise regularizer"),
)


def _table(
    name: str, title: str, make: MakeCells, *notes: str, compare: Any = no_lines
) -> TableDefinition:
    return TableDefinition(
        paper=cells.PAPER,
        name=name,
        title=f"Chong et al., {title}",
        source="Chong et al., Simple and Effective Prevention of Mode Collapse in Deep One-Class "
        "Classification, IJCNN 2020",
        metrics=METRICS,
        cells=functools.partial(_cells, make),
        run=run,
        group=group,
        published=functools.partial(_published, name),
        heads="model",
        notes=(*notes, *NOTES),
        own_options=OPTIONS,
        compare=compare,
        mean=None,
    )


DEFINITIONS = (
    _table("table1", "table 1: fixed and adaptive weights of the regularizers", cells.table1),
    _table("table2", "table 2: permuted blocks", cells.table2),
    _table("table3", "table 3: CIFAR-10, one class against all and strokes", cells.table3),
    _table("table4", "table 4: strokes, both objectives", cells.table4),
    _table(
        "table5",
        "table 5: learning rates of the head, the encoder's being a tenth; soft boundary",
        functools.partial(cells.rates, alike=False),
        "The columns of CIFAR-10 are ours: the paper has none.",
    ),
    _table("table6", "table 6: semi-supervised (Deep SAD)", cells.table6),
    _table(
        "figure1",
        "figure 1: learning rates, a tenth for the encoder or one rate for all layers",
        cells.figure1,
        "The figure shows the differences from the row D. SVDD; it has no numbers. The columns of "
        "CIFAR-10 are ours.",
        compare=differences,
    ),
    _table(
        "figure2",
        "figure 2: with and without the pooling layer",
        cells.figure2,
        "The figure has no numbers that could be read.",
    ),
)
