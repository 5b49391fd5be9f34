"""Files of features under the protocol of latent outlier exposure."""

from __future__ import annotations

from kerasocc.experiments.papers.loe.backbones import BACKBONES
from kerasocc.experiments.papers.loe.comparison import lines
from kerasocc.experiments.papers.loe.latent import (
    LATENT_OPTIONS,
    SEEDS,
    SOURCE,
    Problem,
    group,
    labellings,
    latent_cell,
)
from kerasocc.experiments.papers.loe.training import run
from kerasocc.experiments.papers.numeric_tables import EMBEDDINGS, embeddings_on_disk, stems
from kerasocc.experiments.tables.cell import Cell
from kerasocc.experiments.tables.definition import (
    AUC,
    AVERAGE_PRECISION,
    F1,
    Options,
    TableDefinition,
)


def cells(options: Options) -> list[Cell]:
    """All cells, one seed after the other."""
    sources = stems(options.data or embeddings_on_disk() or [f"{EMBEDDINGS[0]}ResNet18_CIFAR10_0"])
    return [
        latent_cell(_row(name), Problem("features", source, name), labelling, seed, options)
        for seed in options.seeds or SEEDS
        for name, source in sources.items()
        for labelling in labellings(options)
    ]


def _row(name: str) -> str:
    for start in EMBEDDINGS:
        name = name.removeprefix(start)
    return name


METRICS = (AUC, AVERAGE_PRECISION, F1)
TABLE = TableDefinition(
    paper="loe",
    name="features",
    title="Latent outlier exposure on features: 10 % of the training samples are hidden anomalies",
    source=SOURCE,
    metrics=METRICS,
    cells=cells,
    run=run,
    group=group,
    heads="features",
    ranks=True,
    compare=lines(*METRICS),
    own_options=LATENT_OPTIONS,
    notes=(
        f"{BACKBONES['features'].title}, features as they come; half of the normal ones train, at "
        "most 4 per anomaly, and real anomalies are hidden among them.",
        "The files are ADBench's, whose sets are smaller than the paper's: batches of 64 and 60 "
        "epochs in place of 500 and 30.",
    ),
)
