"""Deep SAD on tables: six of ODDS, 1 % of the training samples labelled anomalies."""

from __future__ import annotations

from kerasocc.experiments.papers.deep_sad.methods import run
from kerasocc.experiments.papers.deep_sad.problems import (
    CLASSICAL_NOTE,
    PAPER,
    RAW,
    SOURCE,
    SUPERVISED_NOTE,
    cells_of,
    group,
)
from kerasocc.experiments.papers.deep_sad.published import TABLES, tabular_auc
from kerasocc.experiments.tables.cell import Cell
from kerasocc.experiments.tables.definition import Options, TableDefinition

METHODS = ("oc-svm", "deep-svdd", "ssad", "ssad-hybrid", "ss-dgm", "supervised", "deep-sad")
LABELLED_SHARE = 0.01
SEEDS = tuple(range(10))


def cells(options: Options) -> list[Cell]:
    """Every table, seed and method."""
    hindsight = [f"{method}-hindsight" for method in (*RAW, "ssad-hybrid")]
    methods = [*METHODS, *(hindsight if options.hindsight else ())]
    return [
        cell
        for seed in options.seeds or SEEDS
        for table in TABLES
        for cell in cells_of(table, methods, options, table, seed=seed, labelled=LABELLED_SHARE)
    ]


TABLE = TableDefinition(
    paper=PAPER,
    name="tabular",
    title="Deep SAD on tables, 1 % of the training samples labelled anomalies",
    source=SOURCE,
    cells=cells,
    run=run,
    group=group,
    published=tabular_auc,
    heads="table",
    notes=(
        "60 % of the rows train, split once for every seed; the authors' code takes training and "
        "test rows from two different permutations, which shares rows between them.",
        CLASSICAL_NOTE,
        SUPERVISED_NOTE,
    ),
)
