"""Default settings by the kind of the data."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from kerasocc.datasets import catalog
from kerasocc.defaults.training import IMAGES, usual_hidden

# The settings of Ruff et al., Deep One-Class Classification, ICML 2018, section 4, and of
# their PyTorch code.
PAPER_MNIST = {
    "batch_size": 200,
    "pretrain_epochs": 150,
    "pretrain_learning_rate": 1e-4,
    "pretrain_drop_at": (50,),
    "pretrain_weight_decay": 0.5e-3,
    "epochs": 150,
    "learning_rate": 1e-4,
    "drop_at": (50,),
    "weight_decay": 0.5e-6,
}
PAPER_CIFAR10 = {
    **PAPER_MNIST,
    "pretrain_epochs": 350,
    "pretrain_drop_at": (250,),
    "pretrain_weight_decay": 0.5e-6,
}
_SMALL_IMAGES = {
    "batch_size": 32,
    "pretrain_epochs": IMAGES.pretrain_epochs,
    "pretrain_learning_rate": IMAGES.learning_rate,
    "pretrain_drop_at": (),
    "pretrain_weight_decay": IMAGES.weight_decay,
    "epochs": IMAGES.epochs,
    "learning_rate": IMAGES.learning_rate,
    "drop_at": (40,),
    "weight_decay": IMAGES.weight_decay,
}

DEFAULTS: dict[str, dict[str, Any]] = {
    "digits": {"normal_class": 0, **_SMALL_IMAGES},
    "mnist": {"normal_class": 0, **PAPER_MNIST},
    "fashion_mnist": {"normal_class": 0, **PAPER_MNIST},
    "cifar10": {"normal_class": 0, **PAPER_CIFAR10},
    # The side of the images is what the network of CIFAR-10 takes.
    "folder": {"image_size": 32, **_SMALL_IMAGES},
    "images": {**_SMALL_IMAGES, "batch_size": IMAGES.batch_size},
    # Ruff et al., Deep Semi-Supervised Anomaly Detection, ICLR 2020, their code for tables.
    "table": {**PAPER_MNIST, "batch_size": 128},
}
"""By name of a data set, else `folder` for folders of images, `table`, or `images`."""

# The MLPs of Deep SAD, without the number of columns in front.
HIDDEN = {
    "arrhythmia": (128, 64, 32),
    "cardio": (32, 16, 8),
    "satellite": (32, 16, 8),
    "satimage-2": (32, 16, 8),
    "shuttle": (32, 16, 8),
    "thyroid": (32, 16, 4),
}
"""Widths of the encoder by name of the table, with a protocol."""


def kind_of_data(dataset: str) -> str:
    """The entry of `DEFAULTS` for a data set.

    Raises:
        FileNotFoundError: If it is the path of a file that does not exist.
    """
    if dataset in DEFAULTS and dataset in catalog.RESERVED:
        return dataset
    kind = catalog.resolve(dataset).kind
    return kind if kind in (catalog.FOLDER, catalog.TABLE) else "images"


def default_hidden(dataset: str, columns: int, *, is_published: bool) -> tuple[int, ...]:
    """Widths of the encoder behind the input, where the settings do not say them.

    Args:
        dataset: Name or path of the table.
        columns: Number of its columns.
        is_published: Whether the run repeats a published experiment, which has the widths of
            Deep SAD by the name of the table.
    """
    if is_published and Path(dataset).stem in HIDDEN:
        return HIDDEN[Path(dataset).stem]
    return usual_hidden(columns)
