"""Images under the protocol of latent outlier exposure."""

from __future__ import annotations

from dataclasses import replace

from kerasocc.experiments.papers.loe import published
from kerasocc.experiments.papers.loe.comparison import lines
from kerasocc.experiments.papers.loe.latent import (
    LATENT_OPTIONS,
    SOURCE,
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
    TableDefinition,
)

SEEDS = range(3)
ROWS = {
    ("image-features", "cifar10"): "NeuTraL AD, features, CIFAR-10",
    ("image-features", "fashion_mnist"): "NeuTraL AD, features, Fashion-MNIST",
    ("mhrot", "cifar10"): "MHRot, CIFAR-10",
    ("mhrot", "fashion_mnist"): "MHRot, Fashion-MNIST",
    ("deep-svdd-images", "mnist"): "Deep SVDD, MNIST",
}
METHODS = {"image-features": "neutral-ad", "mhrot": "mhrot", "deep-svdd-images": "deep-svdd"}
"""What `--methods` chooses backbones by."""


def cells(options: Options) -> list[Cell]:
    """All cells, one seed after the other, class by class."""
    return [
        _with_method(latent_cell(row, problem, labelling, seed, options), METHODS[backbone])
        for seed in options.seeds or SEEDS
        for (backbone, name), row in ROWS.items()
        for normal_class in range(10)
        for problem in [Problem(backbone, name, name, normal_class)]
        for labelling in labellings(options)
    ]


def _with_method(cell: Cell, method: str) -> Cell:
    return replace(cell, method=method)


METRICS = (AUC, AVERAGE_PRECISION)
TABLE = TableDefinition(
    paper="loe",
    name="images",
    title="Latent outlier exposure on images: 10 % of the training images are hidden anomalies",
    source=SOURCE,
    metrics=METRICS,
    cells=cells,
    run=run,
    group=group,
    published=published.images,
    heads="backbone, data",
    compare=lines(AUC),
    mean=None,
    own_options=LATENT_OPTIONS,
    notes=(
        "Means over the ten classes, each in turn the normal one, and over the seeds.",
        "NeuTraL AD trains on features of a pretrained network: here those of a ResNet-18, whose "
        "weights are taken from the folder of the data (resnet18.pth), where the paper has a "
        "ResNet-152.",
        "Deep SVDD on MNIST is not in the paper: a LeNet, 20 epochs of pretraining and 50 of "
        "training.",
        "With --quick MHRot is a WRN-10-1 and sees 1000 training and 1000 test images.",
    ),
)
