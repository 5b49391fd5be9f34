"""What every setting of a run must fulfil, alone; `config_used` has them together."""

from __future__ import annotations

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
    "neutral-ad": "NeuTraL AD",
    "icl": "ICL",
    "multi-head-rotnet": "MHRot",
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
    "transform": ("residual", "forward", "mul"),
    "latent_refresh": ("batch", "epoch"),
    "optimizer": ("adam", "adamw", "adagrad", "adamax", "lion", "nadam", "rmsprop", "sgd"),
    "keep": ("last", "best"),
}
"""Settings that are one of these."""

OPTIONAL_CHOICES: dict[str, tuple[str, ...]] = {
    "preprocessing": ("contrast", "unit", "imagenet"),
    "altered": ("blocks", "strokes"),
    "labelled_altered": ("blocks", "strokes"),
    "network": ("resnet18", "wide-resnet"),
    "regularizer": ("noise", "variance"),
    "latent": ("soft", "hard", "refine", "known"),
}
"""Settings that are one of these or None."""

AUTOENCODERS = ("autoencoder", "robust-autoencoder")
"""Methods that need no pretraining: they are the autoencoder."""

SELF_SUPERVISED = ("neutral-ad", "icl", "multi-head-rotnet")
"""Methods that need no pretraining: they have a task of their own."""

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
    **dict.fromkeys(("num_transforms", "transform"), ("neutral-ad",)),
    "window": ("icl",),
    "temperature": ("neutral-ad", "icl"),
    "shift": ("multi-head-rotnet",),
}
"""Settings that all but some methods would ignore."""


def check_settings(config: TrainConfig) -> None:
    """Raise `ValueError` for the first setting that is out of range."""
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
    for name in ("image_size", "hidden", "amount", "labelled_amount", "window", "shift"):
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
    for name in ("learning_rate", "pretrain_learning_rate", "eta", "temperature"):
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
    check_integer("num_transforms", config.num_transforms, minimum=2)
    check_integer("latent_warmup", config.latent_warmup, minimum=0)
    check_non_negative("lam", config.lam, infinity=True)
    for name in ("use_bias", "train_encoder", "transductive"):
        _check_flag(name, getattr(config, name))
    if config.normalize is not None:
        _check_flag("normalize", config.normalize)
    if isinstance(config.assumed_contamination, str):
        check_choice("assumed_contamination", config.assumed_contamination, ["auto"])
    else:
        check_fraction("assumed_contamination", config.assumed_contamination, zero=True)


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
