"""Scenario (ii): the share of hidden anomalies of all classes, with few labelled ones."""

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
    scenario2_auc,
)
from kerasocc.experiments.tables.cell import Cell
from kerasocc.experiments.tables.definition import Options, TableDefinition

METHODS = (*HYBRIDS, *NETWORKS)
LABELLED_SHARE = 0.05


def cells(options: Options) -> list[Cell]:
    """Every data set, ratio, normal class and labelled class."""
    methods = [*METHODS]
    if options.hindsight:
        methods += [f"{method}-hindsight" for method in HYBRIDS]
    without = [m for m in methods if m.removesuffix("-hindsight") in UNSUPERVISED]
    with_labels = [m for m in methods if m not in without]
    found = []
    for seed in options.seeds or (0,):
        for dataset in TITLES:
            for ratio in RATIOS:
                for normal_class in range(10):
                    common = dict(seed=seed, normal_class=normal_class, contamination=ratio)
                    row = row_name(dataset, ratio)
                    found += cells_of(row, without, options, dataset, **common)
                    found += cells_by_labelled_class(
                        row, with_labels, options, dataset, labelled=LABELLED_SHARE, **common
                    )
    return found


TABLE = TableDefinition(
    paper=PAPER,
    name="scenario2",
    title="Deep SAD, scenario (ii): the share of hidden anomalies, with 5 % labelled ones",
    source=SOURCE,
    cells=cells,
    run=run,
    group=group,
    published=scenario2_auc,
    heads="data, hidden share",
    notes=(
        "Hidden anomalies are of all classes, labelled ones of one class.",
        CLASSICAL_NOTE,
        SUPERVISED_NOTE,
    ),
    own_options=(LABELLED,),
    mean=None,
)
