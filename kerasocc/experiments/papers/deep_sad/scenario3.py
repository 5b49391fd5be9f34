"""Scenario (iii): the number of classes of the labelled anomalies, with hidden ones of all."""

from __future__ import annotations

from kerasocc.experiments.papers.deep_sad.methods import run
from kerasocc.experiments.papers.deep_sad.problems import (
    CLASSICAL_NOTE,
    NETWORKS,
    PAPER,
    SOURCE,
    SUPERVISED_NOTE,
    UNSUPERVISED,
    cells_of,
    group,
)
from kerasocc.experiments.papers.deep_sad.published import (
    CLASSES,
    TITLES,
    row_name,
    scenario3_auc,
)
from kerasocc.experiments.tables.cell import Cell
from kerasocc.experiments.tables.definition import Options, TableDefinition

METHODS = ("ssad-hybrid", *(method for method in NETWORKS if method not in UNSUPERVISED))
LABELLED_SHARE, HIDDEN_SHARE = 0.05, 0.1
SEEDS = tuple(range(10))


def cells(options: Options) -> list[Cell]:
    """Every data set, number of classes and normal class; the seed draws the labelled ones."""
    methods = [*METHODS, *(["ssad-hybrid-hindsight"] if options.hindsight else [])]
    found = []
    for seed in options.seeds or SEEDS:
        for dataset in TITLES:
            for count in CLASSES:
                for normal_class in range(10):
                    labels = {
                        "labelled": LABELLED_SHARE,
                        "classes": drawn(normal_class, count, seed),
                    }
                    found += cells_of(
                        row_name(dataset, count),
                        methods,
                        options,
                        dataset,
                        seed=seed,
                        normal_class=normal_class,
                        contamination=HIDDEN_SHARE,
                        **(labels if count else {}),
                    )
    return found


def drawn(normal_class: int, count: int, seed: int) -> list[int]:
    """The labelled classes: with every seed others, those after a class that it chooses."""
    others = [(normal_class + step) % 10 for step in range(1, 10)]
    first = seed % len(others)
    return sorted((others + others)[first : first + count])


TABLE = TableDefinition(
    paper=PAPER,
    name="scenario3",
    title="Deep SAD, scenario (iii): the number of classes of the labelled anomalies",
    source=SOURCE,
    cells=cells,
    run=run,
    group=group,
    published=scenario3_auc,
    heads="data, labelled classes",
    notes=(
        "5 % of the samples are labelled anomalies of some classes, 10 % of the others hidden ones "
        "of all classes. The paper draws the labelled classes at random, ten times; here they "
        "follow the normal class in a circle, beginning at another one with every seed.",
        CLASSICAL_NOTE,
        SUPERVISED_NOTE,
    ),
    mean=None,
)
