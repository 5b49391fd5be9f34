"""What becomes of latent outlier exposure where the told ratio is wrong, or more is hidden."""

from __future__ import annotations

from dataclasses import replace

from kerasocc.checks import check_fraction
from kerasocc.experiments.papers.loe import features, tabular
from kerasocc.experiments.papers.loe.latent import (
    CONTAMINATION,
    MODES,
    MOST_ROWS,
    REFRESH,
    SOURCE,
    WARMUP,
    Problem,
    group,
    labellings,
    latent_cell,
)
from kerasocc.experiments.papers.loe.training import run
from kerasocc.experiments.papers.numeric_tables import EMBEDDINGS, stems
from kerasocc.experiments.tables.cell import Cell
from kerasocc.experiments.tables.definition import AUC, F1, Options, OwnOption, TableDefinition

SEEDS = range(5)
DATA = ("CV_by_ResNet18_CIFAR10_0", "CV_by_ResNet18_CIFAR10_6")
"""The features on disk that come nearest to those of the paper."""
ALONG = OwnOption(
    name="along",
    help="what is varied: the assumed ratio at a true one of --contamination (default), or the "
    "true one, which is told",
    choices=("assumed", "contamination"),
    default="assumed",
)
RATIOS = OwnOption(
    name="ratios",
    help="its values, a row each (default: 0.05 0.1 0.15 0.2)",
    kind=float,
    several=True,
    default=(0.05, 0.1, 0.15, 0.2),
)


def cells(options: Options) -> list[Cell]:
    """All cells: a row per ratio, averaged over data sets and seeds."""
    along = options.own.get("along") or ALONG.default
    ratios = [check_fraction("ratios", r) for r in options.own.get("ratios") or RATIOS.default]
    found = []
    for seed in options.seeds or SEEDS:
        for name, source in stems(options.data or DATA).items():
            is_features = name.startswith(EMBEDDINGS)
            backbone = "features" if is_features else options.own["backbone"]
            problem = Problem(backbone, source, name)
            for ratio in ratios:
                own = replace(options, own={**options.own, along: ratio})
                found += [
                    latent_cell(f"{ratio:g}", problem, labelling, seed, own)
                    for labelling in labellings(own)
                ]
    return found


TABLE = TableDefinition(
    paper="loe",
    name="sensitivity",
    title="Latent outlier exposure when the assumed contamination is wrong, or the true one varies",
    source=SOURCE,
    metrics=(AUC, F1),
    cells=cells,
    run=run,
    group=group,
    heads="ratio",
    mean=None,
    ratios="ratio",
    own_options=(
        *(ALONG, RATIOS, tabular.BACKBONE, MODES, CONTAMINATION, REFRESH, WARMUP, MOST_ROWS),
    ),
    notes=(
        "Means over the data sets and the seeds: features (whose names begin with CV_by_ or "
        "NLP_by_) by NeuTraL AD as in `features`, tables by --backbone as in `tabular`.",
        f"True contamination {CONTAMINATION.default:g} where the assumed one is varied, unless "
        "--contamination says otherwise. Blind, which assumes none, is the same in all rows then.",
        *features.TABLE.notes[1:],
    ),
)
