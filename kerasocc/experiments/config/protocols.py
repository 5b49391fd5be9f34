"""Settings that published experiments fix."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from kerasocc.checks import check_choice
from kerasocc.datasets import catalog
from kerasocc.experiments.config.data_defaults import (
    DEFAULTS,
    PAPER_CIFAR10,
    PAPER_MNIST,
    kind_of_data,
)

_COLUMNS = {
    "arrhythmia": 274,
    "cardio": 21,
    "satellite": 36,
    "satimage-2": 36,
    "shuttle": 9,
    "thyroid": 6,
}

# The papers train on all normal samples and hold none out.
_WHOLE_TRAINING_PART = {"validation": 0.0, "optimizer": "adam"}

_DEEP_SVDD = {
    **_WHOLE_TRAINING_PART,
    "method": "deep-svdd",
    "contamination": 0.0,
    "radius_update": "batch",
}

# Ruff et al., Deep Semi-Supervised Anomaly Detection, ICLR 2020, and their PyTorch code.
_DEEP_SAD = {**_WHOLE_TRAINING_PART, "method": "deep-sad", "eta": 1.0, "batch_size": 128}


def _deep_sad(settings: dict[str, Any], features: int, **more: Any) -> dict[str, Any]:
    """Settings of Deep SAD from those of Deep SVDD, for samples of so many features.

    Their autoencoder averages the squared error over the features; that of Deep SVDD
    sums it, and so do we, for which a weight decay as many times larger is the same.
    """
    decay = settings["pretrain_weight_decay"] * features
    return {**settings, **_DEEP_SAD, "pretrain_weight_decay": decay, **more}


# Chong et al., Simple and Effective Prevention of Mode Collapse in Deep One-Class
# Classification, IJCNN 2020, section V-B. Their weights were those of ImageNet.
_MODE_COLLAPSE = {
    "network": "resnet18",
    "pooling": "max",
    "preprocessing": "imagenet",
    "pretrain_epochs": 0,
    "pretrain_drop_at": (),
    "batch_size": 50,
    "optimizer": "adam",
    "epochs": 30,
    "learning_rate": 1e-4,
    "drop_at": (),
    "weight_decay": 5e-4,
    "validation": 0.2,
    "keep": "best",
}

# The notebooks of Chalapathy et al. train and test on the same samples, one in a hundred of
# them anomalous; the method is chosen beside the protocol.
_TRANSDUCTIVE = {"transductive": True, "contamination": 0.01, "validation": 0.0}

PROTOCOLS: dict[str, dict[str, dict[str, Any]]] = {
    "deep-svdd": {
        "mnist": {**PAPER_MNIST, **_DEEP_SVDD},
        "cifar10": {**PAPER_CIFAR10, **_DEEP_SVDD},
    },
    "deep-sad": {
        "mnist": _deep_sad(PAPER_MNIST, 28 * 28, preprocessing="unit"),
        "fashion_mnist": _deep_sad(PAPER_MNIST, 28 * 28, preprocessing="unit"),
        "cifar10": _deep_sad(PAPER_CIFAR10, 32 * 32 * 3, preprocessing="unit"),
        **{
            table: _deep_sad(PAPER_MNIST, columns, labelled=0.01, preprocessing=None)
            for table, columns in _COLUMNS.items()
        },
    },
    "mode-collapse": {"cifar10": _MODE_COLLAPSE, "folder": {"image_size": 224, **_MODE_COLLAPSE}},
    "transductive": dict.fromkeys(DEFAULTS, _TRANSDUCTIVE),
}
"""Settings that a published experiment fixes, by protocol and data set or entry of `DEFAULTS`."""


def fixed_by(protocol: str, dataset: str) -> dict[str, Any]:
    """The settings that a protocol fixes for a data set.

    Raises:
        ValueError: If there is no such protocol, or it is for other data.
    """
    by_dataset = PROTOCOLS[check_choice("protocol", protocol, PROTOCOLS)]
    data_kind = kind_of_data(dataset)
    name = {catalog.TABLE: Path(dataset).stem, catalog.FOLDER: data_kind}.get(data_kind, dataset)
    if name not in by_dataset and data_kind in by_dataset:
        name = data_kind
    if name not in by_dataset:
        raise ValueError(
            f"`protocol` {protocol!r} is for the data sets {sorted(by_dataset)}. "
            f"Received: dataset={dataset!r}"
        )
    return by_dataset[name]
