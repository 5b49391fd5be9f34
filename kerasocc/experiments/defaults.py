"""Settings of trainings as data: sensible ones per kind of data, and those of the papers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kerasocc.experiments.config_checks import AUTOENCODERS, SELF_SUPERVISED

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

_COLUMNS = {
    "arrhythmia": 274,
    "cardio": 21,
    "satellite": 36,
    "satimage-2": 36,
    "shuttle": 9,
    "thyroid": 6,
}

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

LABELLED = 0.05
"""Fraction of labelled anomalies in the training samples of Deep SAD."""

_OC_NN = {"train_encoder": True, "head_epochs": 40, "quantile_update": "batch"}
# With the epochs and rates of Deep SVDD on MNIST all scores become equal, a `CollapseError`;
# these are the settings of the figures in `benchmarks/`.
_OC_NN_BRIEF = {
    "pretrain_epochs": 20,
    "pretrain_learning_rate": 1e-3,
    "pretrain_drop_at": (15,),
    "epochs": 20,
    "learning_rate": 1e-3,
    "drop_at": (),
}
_BRIEF = ("mnist", "fashion_mnist", "cifar10")
_OC_NN_FROZEN = {"epochs": 150, "learning_rate": 1e-2, "drop_at": (100,), "weight_decay": 0.0}


_NOT_PRETRAINED = {"pretrain_epochs": 0, "pretrain_drop_at": ()}
_SELF_SUPERVISED_TABLE = {
    "batch_size": 128,
    "epochs": 100,
    "learning_rate": 1e-3,
    "drop_at": (),
}
# Rate and epochs of Qiu et al., Latent Outlier Exposure, ICML 2022. A batch is 36 times as
# many inputs of the encoder.
_MULTI_HEAD_ROTNET = {
    "batch_size": 10,
    "epochs": 16,
    "learning_rate": 1e-3,
    "drop_at": (),
}


def for_method(
    chosen: Mapping[str, Any], settings: Mapping[str, Any], profile: str
) -> dict[str, Any]:
    """The settings that a method changes.

    Args:
        chosen: Settings that the user or a protocol has chosen, the method among them.
        settings: Those of the data set.
        profile: The entry of `DEFAULTS` that the latter are of.
    """
    method = chosen.get("method")
    if method == "multi-head-rotnet":
        return {**_NOT_PRETRAINED, **_MULTI_HEAD_ROTNET}
    if method in SELF_SUPERVISED:
        return {**_NOT_PRETRAINED, **(_SELF_SUPERVISED_TABLE if profile == "table" else {})}
    if method == "deep-sad":
        return {"labelled": LABELLED}
    if method == "oc-nn":
        if not chosen.get("train_encoder", True):
            return _OC_NN_FROZEN
        return {**_OC_NN, **(_OC_NN_BRIEF if profile in _BRIEF else {})}
    if method in AUTOENCODERS:
        return as_one_phase(settings)
    return {}


def as_one_phase(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Settings with which an autoencoder is trained for its own sake, as it is for others'."""
    names = ("epochs", "learning_rate", "drop_at", "weight_decay")
    own = {name: settings[f"pretrain_{name}"] for name in names}
    return {**own, **_NOT_PRETRAINED}


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
        "mnist": {**_PAPER_MNIST, **_DEEP_SVDD},
        "cifar10": {**_PAPER_CIFAR10, **_DEEP_SVDD},
    },
    "deep-sad": {
        "mnist": _deep_sad(_PAPER_MNIST, 28 * 28, preprocessing="unit"),
        "fashion_mnist": _deep_sad(_PAPER_MNIST, 28 * 28, preprocessing="unit"),
        "cifar10": _deep_sad(_PAPER_CIFAR10, 32 * 32 * 3, preprocessing="unit"),
        **{
            table: _deep_sad(_PAPER_MNIST, columns, labelled=0.01)
            for table, columns in _COLUMNS.items()
        },
    },
    "mode-collapse": {"cifar10": _MODE_COLLAPSE, "folder": {"image_size": 224, **_MODE_COLLAPSE}},
    "transductive": dict.fromkeys(DEFAULTS, _TRANSDUCTIVE),
}
"""Settings that a published experiment fixes, by protocol and data set or entry of `DEFAULTS`."""
