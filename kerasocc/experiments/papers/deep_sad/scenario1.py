"""Scenario (i): the share of labelled anomalies, which come from one class."""

from __future__ import annotations

from kerasocc.experiments.papers.deep_sad.methods import run
from kerasocc.experiments.papers.deep_sad.problems import (
    CLASSICAL_NOTE,
    HYBRIDS,
    LABELLED,
    NETWORKS,
    PAPER,
    SOURCE,
    SUPERVISED_NOTE,
    UNSUPERVISED,
    cells_by_labelled_class,
    cells_of,
    group,
)
from kerasocc.experiments.papers.deep_sad.published import (
    RATIOS,
    TITLES,
    row_name,
    scenario1_auc,
)
from kerasocc.experiments.tables.cell import Cell
from kerasocc.experiments.tables.definition import Options, TableDefinition

METHODS = (*HYBRIDS, *NETWORKS)
_HINDSIGHT = tuple(f"{method}-hindsight" for method in HYBRIDS)


def cells(options: Options) -> list[Cell]:
    """Every data set, ratio, normal class and labelled class; without labels one per class."""
    methods = [*METHODS, *(_HINDSIGHT if options.hindsight else ())]
    found = []
    for seed in options.seeds or (0,):
        for dataset in TITLES:
            for ratio in RATIOS:
                for normal_class in range(10):
                    common = dict(seed=seed, normal_class=normal_class)
                    row = row_name(dataset, ratio)
                    if not ratio:
                        found += cells_of(row, methods, options, dataset, **common)
                        continue
                    with_labels = [
                        m for m in methods if m.removesuffix("-hindsight") not in UNSUPERVISED
                    ]
                    found += cells_by_labelled_class(
                        row, with_labels, options, dataset, labelled=ratio, **common
                    )
    return found


TABLE = TableDefinition(
    paper=PAPER,
    name="scenario1",
    title="Deep SAD, scenario (i): the share of labelled anomalies, of one class",
    source=SOURCE,
    cells=cells,
    run=run,
    group=group,
    published=scenario1_auc,
    heads="data, labelled share",
    notes=(
        "Means over all normal classes, and in the paper over all labelled classes of each.",
        "Methods without labels stand in the rows of share 0; there Deep SAD is Deep SVDD.",
        CLASSICAL_NOTE,
        SUPERVISED_NOTE,
    ),
    own_options=(LABELLED,),
    mean=None,
)
