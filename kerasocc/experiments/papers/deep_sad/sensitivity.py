"""Sensitivity of Deep SAD to the dimension of the code and to the weight of the labels."""

from __future__ import annotations

from kerasocc.experiments.papers.deep_sad.methods import run
from kerasocc.experiments.papers.deep_sad.problems import (
    LABELLED,
    PAPER,
    SOURCE,
    cells_of,
    group,
    labelled_classes,
)
from kerasocc.experiments.papers.deep_sad.published import TITLES
from kerasocc.experiments.tables.cell import Cell
from kerasocc.experiments.tables.definition import Options, TableDefinition

DIMENSIONS = (16, 32, 64, 128, 256, 512)
ETAS = (0.01, 0.1, 1.0, 10.0, 100.0)
LABELLED_SHARE = 0.05


def cells(options: Options) -> list[Cell]:
    """Every dimension and weight, data set, normal class and labelled class."""
    variants = [(f"d = {code}", {"code": code}) for code in DIMENSIONS]
    variants += [(f"eta = {eta:g}", {"eta": eta}) for eta in ETAS]
    return [
        cell
        for seed in options.seeds or (0,)
        for dataset, title in TITLES.items()
        for row, settings in variants
        for normal_class in range(10)
        for anomalous in labelled_classes(options, normal_class)
        for cell in cells_of(
            row,
            ["deep-sad"],
            options,
            dataset,
            seed=seed,
            normal_class=normal_class,
            labelled=LABELLED_SHARE,
            classes=[anomalous],
            column=title,
            **settings,
        )
    ]


TABLE = TableDefinition(
    paper=PAPER,
    name="sensitivity",
    title="Deep SAD: dimension d of the code, and weight eta of the labelled samples",
    source=SOURCE,
    cells=cells,
    run=run,
    group=group,
    heads="setting",
    notes=(
        "5 % of the samples are labelled anomalies of one class. The paper shows both as figures, "
        "without numbers to compare with.",
    ),
    own_options=(LABELLED,),
    mean=None,
)
