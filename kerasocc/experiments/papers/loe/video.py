"""Video frames under the protocol of latent outlier exposure."""

from __future__ import annotations

from dataclasses import replace

from kerasocc.checks import check_fraction
from kerasocc.experiments.papers.loe import published
from kerasocc.experiments.papers.loe.comparison import lines
from kerasocc.experiments.papers.loe.latent import (
    ASSUMED,
    MODES,
    REFRESH,
    SOURCE,
    WARMUP,
    Problem,
    group,
    labellings,
    latent_cell,
)
from kerasocc.experiments.papers.loe.training import run
from kerasocc.experiments.tables.cell import Cell
from kerasocc.experiments.tables.definition import (
    AUC,
    AVERAGE_PRECISION,
    Options,
    OwnOption,
    TableDefinition,
)

SEEDS = range(3)
DATA = "UCSDped1"
RATIOS = OwnOption(
    name="ratios",
    help="true fractions of anomalies in the training frames, a row each (default: 0.1 0.2 0.3)",
    kind=float,
    several=True,
    default=(0.1, 0.2, 0.3),
)


def cells(options: Options) -> list[Cell]:
    """All cells, one seed after the other."""
    sources = options.data or (DATA,)
    if len(sources) != 1:
        raise ValueError(f"`data` must be one folder of video frames. Received: {sources}")
    (source,) = sources
    ratios = [check_fraction("ratios", r) for r in options.own.get("ratios") or RATIOS.default]
    name = source.rstrip("/").rpartition("/")[2]
    return [
        latent_cell(f"{ratio:g}", Problem("frames", source, name), labelling, seed, options)
        for seed in options.seeds or SEEDS
        for ratio in ratios
        for labelling in labellings(_at(options, ratio))
    ]


def _at(options: Options, ratio: float) -> Options:
    return replace(options, own={**options.own, "contamination": ratio})


TABLE = TableDefinition(
    paper="loe",
    name="video",
    title="Latent outlier exposure on video: anomalous frames of UCSD Peds1 in the training data",
    source=SOURCE,
    metrics=(AUC, AVERAGE_PRECISION),
    cells=cells,
    run=run,
    group=group,
    published=published.video,
    heads="contamination",
    compare=lines(AUC),
    mean=None,
    ratios="contamination",
    own_options=(RATIOS, MODES, ASSUMED, REFRESH, WARMUP),
    notes=(
        "Give the folder of the set by `--data`, or keep it as UCSDped1 in the folder of the data: "
        "`Train` and `Test` with features of the frames (Train001.npy) or with the frames, of "
        "which a pretrained ResNet-18 (resnet18.pth in the folder of the data) makes features.",
        "The anomalous frames that are hidden among the training frames stay in the test part. The "
        "AUC is over the frames of all sequences together.",
    ),
)
