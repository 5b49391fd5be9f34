"""Tables under the protocol of latent outlier exposure."""

from __future__ import annotations

from kerasocc.experiments.papers.loe import published
from kerasocc.experiments.papers.loe.backbones import BACKBONES
from kerasocc.experiments.papers.loe.comparison import lines
from kerasocc.experiments.papers.loe.latent import (
    LATENT_OPTIONS,
    MOST_ROWS,
    SEEDS,
    SOURCE,
    Problem,
    group,
    labellings,
    latent_cell,
)
from kerasocc.experiments.papers.loe.training import run
from kerasocc.experiments.papers.numeric_tables import stems, tables_on_disk
from kerasocc.experiments.tables.cell import Cell
from kerasocc.experiments.tables.definition import (
    AUC,
    AVERAGE_PRECISION,
    F1,
    Options,
    OwnOption,
    TableDefinition,
)

OF_THE_PAPER = (
    *("abalone", "annthyroid", "arrhythmia", "breastw", "cardio", "ecoli", "cover", "glass"),
    *("ionosphere", "kdd", "kddrev", "letter", "lympho", "mammography", "mnist", "mulcross"),
    *("musk", "optdigits", "pendigits", "pima", "satellite", "satimage-2", "seismic", "shuttle"),
    *("speech", "thyroid", "vertebral", "vowels", "wbc", "wine"),
)
BACKBONE = OwnOption(
    name="backbone",
    help="what is trained (default: neutral-ad)",
    choices=("neutral-ad", "icl", "deep-svdd"),
    default="neutral-ad",
)


def cells(options: Options) -> list[Cell]:
    """All cells: the tables of the paper and those on disk, one seed after the other."""
    known = dict.fromkeys((*OF_THE_PAPER, *tables_on_disk()))
    sources = stems(options.data or known)
    backbone = options.own.get("backbone") or BACKBONE.default
    return [
        latent_cell(name, Problem(backbone, source, name), labelling, seed, options)
        for seed in options.seeds or SEEDS
        for name, source in sources.items()
        for labelling in labellings(options)
    ]


METRICS = (AUC, AVERAGE_PRECISION, F1)
TABLE = TableDefinition(
    paper="loe",
    name="tabular",
    title="Latent outlier exposure on tables: 10 % of the training rows are hidden anomalies",
    source=SOURCE,
    metrics=METRICS,
    cells=cells,
    run=run,
    group=group,
    published=published.tabular,
    heads="table",
    ranks=True,
    compare=lines(*METRICS),
    own_options=(BACKBONE, *LATENT_OPTIONS, MOST_ROWS),
    notes=(
        f"{BACKBONES['neutral-ad'].title}; half of the normal rows train, the other half and all "
        "anomalies test. Hidden anomalies are test anomalies with noise of the deviation of every "
        "column.",
        "The paper has F1 for 30 tables; those that are not on disk have no data here, others that "
        "are on disk stand behind them. It trains for up to 300 epochs.",
        "The published figure of thyroid is that of a rerun by others.",
    ),
)
