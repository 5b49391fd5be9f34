"""Settings of trainings as data: sensible ones per kind of data, and those of the papers."""

from __future__ import annotations

from typing import Any

# The settings of Ruff et al., Deep One-Class Classification, ICML 2018, section 4, and of
# their PyTorch code.
_PAPER_MNIST = {
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
_PAPER_CIFAR10 = {
    **_PAPER_MNIST,
    "pretrain_epochs": 350,
    "pretrain_drop_at": (250,),
    "pretrain_weight_decay": 0.5e-6,
}
_SMALL_IMAGES = {
    "batch_size": 32,
    "pretrain_epochs": 100,
    "pretrain_learning_rate": 1e-3,
    "pretrain_drop_at": (),
    "pretrain_weight_decay": 5e-7,
    "epochs": 60,
    "learning_rate": 1e-3,
    "drop_at": (40,),
    "weight_decay": 5e-7,
}

DEFAULTS: dict[str, dict[str, Any]] = {
    "digits": {"normal_class": 0, **_SMALL_IMAGES},
    "mnist": {"normal_class": 0, **_PAPER_MNIST},
    "fashion_mnist": {"normal_class": 0, **_PAPER_MNIST},
    "cifar10": {"normal_class": 0, **_PAPER_CIFAR10},
    # The side of the images is what the network of CIFAR-10 takes.
    "folder": {"image_size": 32, **_SMALL_IMAGES},
    "images": {**_SMALL_IMAGES, "batch_size": 128},
    # Ruff et al., Deep Semi-Supervised Anomaly Detection, ICLR 2020, their code for tables.
    "table": {**_PAPER_MNIST, "batch_size": 128},
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
"""Widths of the encoder by name of the table; others get one by their number of columns."""

LABELLED = {"deep-sad": 0.05}
"""Fraction of labelled anomalies in the training samples, by method that uses them."""

# The papers train on all normal samples and hold none out.
_WHOLE_TRAINING_PART = {"validation": 0.0, "optimizer": "adam"}

# Ruff et al., Deep Semi-Supervised Anomaly Detection, ICLR 2020, and their PyTorch code.
_DEEP_SAD = {**_WHOLE_TRAINING_PART, "method": "deep-sad", "eta": 1.0, "batch_size": 128}
_DEEP_SAD_IMAGES = {**_DEEP_SAD, "preprocessing": "unit"}

_DEEP_SVDD = {
    **_WHOLE_TRAINING_PART,
    "method": "deep-svdd",
    "contamination": 0.0,
    "radius_update": "batch",
}

PROTOCOLS: dict[str, dict[str, dict[str, Any]]] = {
    "deep-svdd": {
        "mnist": {**_PAPER_MNIST, **_DEEP_SVDD},
        "cifar10": {**_PAPER_CIFAR10, **_DEEP_SVDD},
    },
    "deep-sad": {
        "mnist": {**_PAPER_MNIST, **_DEEP_SAD_IMAGES},
        "fashion_mnist": {**_PAPER_MNIST, **_DEEP_SAD_IMAGES},
        "cifar10": {**_PAPER_CIFAR10, **_DEEP_SAD_IMAGES},
        **{table: {**_PAPER_MNIST, **_DEEP_SAD, "labelled": 0.01} for table in HIDDEN},
    },
}
"""Settings that a published experiment fixes, by protocol and data set."""
