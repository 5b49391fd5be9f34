"""What the settings of a run must fulfil, alone and together."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from kerasocc.checks import (
    check_choice,
    check_fraction,
    check_integer,
    check_non_negative,
    check_positive,
)

if TYPE_CHECKING:
    from kerasocc.experiments.config import TrainConfig

TITLES = {
    "deep-svdd": "Deep SVDD",
    "deep-sad": "Deep SAD",
    "oc-nn": "OC-NN",
    "robust-autoencoder": "Robust autoencoder",
    "autoencoder": "Autoencoder",
}
"""Methods, and what they are called in reports."""

METHODS = tuple(TITLES)
CHOICES: dict[str, tuple[str, ...]] = {
    "method": METHODS,
    "missing": ("error", "median"),
    "unreadable": ("error", "skip"),
    "pooling": ("avg", "max", "none"),
    "objective": ("one-class", "soft-boundary"),
    "radius_update": ("epoch", "batch"),
    "quantile_update": ("epoch", "batch"),
    "activation": ("sigmoid", "linear", "relu"),
    "norm": ("l1", "l21"),
    "groups": ("samples", "features"),
    "encode": ("residual", "input"),
    "optimizer": ("adam", "adamw", "adagrad", "adamax", "lion", "nadam", "rmsprop", "sgd"),
    "keep": ("last", "best"),
}
"""Settings that are one of these."""

OPTIONAL_CHOICES: dict[str, tuple[str, ...]] = {
    "preprocessing": ("contrast", "unit", "imagenet"),
    "altered": ("blocks", "strokes"),
    "labelled_altered": ("blocks", "strokes"),
    "network": ("resnet18",),
    "regularizer": ("noise", "variance"),
}
"""Settings that are one of these or None."""

AUTOENCODERS = ("autoencoder", "robust-autoencoder")
"""Methods that need no pretraining: they are the autoencoder."""

_HYPERSPHERES = ("deep-svdd", "deep-sad")
USED_BY: dict[str, tuple[str, ...]] = {
    "objective": ("deep-svdd",),
    "nu": ("deep-svdd", "oc-nn"),
    "radius_update": ("deep-svdd",),
    "regularizer": _HYPERSPHERES,
    **dict.fromkeys(
        ("eta", "labelled", "labelled_classes", "labelled_altered", "labelled_amount"),
        ("deep-sad",),
    ),
    **dict.fromkeys(
        ("units", "activation", "normalize", "train_encoder", "head_epochs", "quantile_update"),
        ("oc-nn",),
    ),
    **dict.fromkeys(("lam", "norm", "groups", "encode", "noise_every"), ("robust-autoencoder",)),
}
"""Settings that all but some methods would ignore."""


def check_settings(config: TrainConfig) -> None:
    """Raise `ValueError` for the first setting that is out of range or ignored."""
    check_name("dataset", config.dataset)
    for name, choices in CHOICES.items():
        check_choice(name, getattr(config, name), choices)
    for name, choices in OPTIONAL_CHOICES.items():
        if getattr(config, name) is not None:
            check_choice(name, getattr(config, name), choices)
    _check_data(config)
    _check_numbers(config)
    _check_drops("drop_at", config.drop_at, config.epochs)
    _check_drops("pretrain_drop_at", config.pretrain_drop_at, config.pretrain_epochs)
    _check_used(config)


def check_name(name: str, value: Any) -> str:
    """Return `value` if it is a text that is not empty."""
    if not isinstance(value, str) or not value:
        raise ValueError(f"`{name}` must be a name. Received: {name}={value!r}")
    return value


def _check_data(config: TrainConfig) -> None:
    if config.normal_class is not None:
        _check_class("normal_class", config.normal_class)
    if isinstance(config.labelled_classes, tuple):
        for value in config.labelled_classes:
            _check_class("labelled_classes", value)
    elif config.labelled_classes is not None:
        check_integer("labelled_classes", config.labelled_classes, minimum=1)
    for name in ("label", "weights"):
        if getattr(config, name) is not None:
            check_name(name, getattr(config, name))
    if config.test is not None:
        check_fraction("test", config.test)
    for name in ("image_size", "hidden", "amount", "labelled_amount"):
        value = getattr(config, name)
        for number in value if isinstance(value, tuple) else [value]:
            if value is not None:
                check_integer(name, number, minimum=1)


def _check_numbers(config: TrainConfig) -> None:
    check_fraction("nu", config.nu, one=True)
    check_integer("batch_size", config.batch_size, minimum=1)
    check_integer("pretrain_epochs", config.pretrain_epochs, minimum=0)
    check_integer("epochs", config.epochs, minimum=1)
    check_integer("seed", config.seed, minimum=0)
    for name in ("learning_rate", "pretrain_learning_rate", "eta"):
        check_positive(name, getattr(config, name))
    for name in ("weight_decay", "pretrain_weight_decay"):
        check_non_negative(name, getattr(config, name))
    for name in ("contamination", "labelled", "validation", "threshold_rate"):
        check_fraction(name, getattr(config, name), zero=True)
    if config.regularizer_weight is not None:
        check_non_negative("regularizer_weight", config.regularizer_weight)
    check_integer("units", config.units, minimum=1)
    check_integer("head_epochs", config.head_epochs, minimum=0)
    check_integer("noise_every", config.noise_every, minimum=1)
    check_non_negative("lam", config.lam, infinity=True)
    for name in ("use_bias", "train_encoder", "transductive"):
        _check_flag(name, getattr(config, name))
    if config.normalize is not None:
        _check_flag("normalize", config.normalize)


def _check_flag(name: str, value: Any) -> None:
    if not isinstance(value, bool):
        raise ValueError(f"`{name}` must be true or false. Received: {name}={value!r}")


def _check_class(name: str, value: Any) -> None:
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        raise ValueError(
            f"`{name}` must be the number or the name of a class. Received: {name}={value!r}"
        )


def _check_drops(name: str, drops: Any, epochs: int) -> None:
    valid = isinstance(drops, tuple) and all(
        type(drop) is int and 0 < drop < epochs for drop in drops
    )
    if not valid:
        raise ValueError(
            f"`{name}` must hold epochs after the first and before the end of the "
            f"{epochs} epochs. Received: {name}={drops!r}"
        )


def _check_used(config: TrainConfig) -> None:
    """Raise `ValueError` for a setting that would be ignored, or that lacks another."""
    usual = {field.name: field.default for field in dataclasses.fields(config)}
    for name, methods in USED_BY.items():
        if config.method not in methods:
            _check_usual(name, config, usual, f"is of the method {' or '.join(map(repr, methods))}")
    if config.method in AUTOENCODERS:
        _check_one_phase(config)
    if config.altered is None:
        for name in ("amount", "labelled_altered", "labelled_amount"):
            _check_usual(name, config, usual, "needs `altered`")
    else:
        for name in ("normal_class", "contamination", "labelled_classes"):
            _check_usual(name, config, usual, "must be left out with `altered`")
        if config.amount is None:
            raise ValueError(
                "`amount` must be given with `altered`: blocks per side, or thickness of the "
                "strokes. Received: amount=None"
            )
    if config.regularizer is None:
        _check_usual("regularizer_weight", config, usual, "needs a `regularizer`")
    if config.network != "resnet18":
        for name in ("pooling", "weights"):
            _check_usual(name, config, usual, "is of the network 'resnet18' alone")
    elif config.pretrain_epochs:
        raise ValueError(
            "`pretrain_epochs` must be 0: the network 'resnet18' has no decoder to be pretrained "
            f"with. Received: pretrain_epochs={config.pretrain_epochs}"
        )
    if config.method == "oc-nn" and config.weight_decay and not config.train_encoder:
        raise ValueError(
            "`weight_decay` must be 0 unless `train_encoder`: nothing else is trained but `w` and "
            f"`V`, whose norms OC-NN has in its objective. Received: {config.weight_decay}"
        )
    if config.head_epochs and not config.train_encoder:
        raise ValueError(
            "`head_epochs` must be 0 unless `train_encoder`: with a frozen encoder all epochs are "
            f"of the head. Received: head_epochs={config.head_epochs}"
        )
    if config.keep == "best" and not config.validation:
        raise ValueError(
            "`keep` must be 'last' where no samples are held out to choose the best epoch by. "
            "Received: keep='best', validation=0"
        )


def _check_one_phase(config: TrainConfig) -> None:
    if config.pretrain_epochs:
        raise ValueError(
            f"`pretrain_epochs` must be 0: the method {config.method!r} trains the autoencoder. "
            f"Received: pretrain_epochs={config.pretrain_epochs}"
        )
    if config.network == "resnet18":
        raise ValueError(
            f"`network` must be left out: the method {config.method!r} needs a decoder. Received: "
            "network='resnet18'"
        )


def _check_usual(name: str, config: TrainConfig, usual: dict[str, Any], reason: str) -> None:
    value = getattr(config, name)
    if value != usual[name]:
        raise ValueError(f"`{name}` {reason}. Received: {name}={value!r}")
