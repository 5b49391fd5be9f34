"""Settings of a run that fit each other: none that is ignored, none that lacks another."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from kerasocc.experiments.config_checks import AUTOENCODERS, SELF_SUPERVISED, USED_BY

if TYPE_CHECKING:
    from kerasocc.experiments.config import TrainConfig


def check_used(config: TrainConfig) -> None:
    """Raise `ValueError` for a setting that would be ignored, or that lacks another."""
    usual = {field.name: field.default for field in dataclasses.fields(config)}
    for name, methods in USED_BY.items():
        if config.method not in methods:
            _check_usual(name, config, usual, f"is of the method {' or '.join(map(repr, methods))}")
    if config.method in (*AUTOENCODERS, *SELF_SUPERVISED):
        _check_one_phase(config)
    if config.method == "icl":
        for name in ("network", "use_bias"):
            reason = "must be left out: the method 'icl' has an encoder of its own"
            _check_usual(name, config, usual, reason)
    _check_altered(config, usual)
    if config.regularizer is None:
        _check_usual("regularizer_weight", config, usual, "needs a `regularizer`")
    if config.network != "resnet18":
        for name in ("pooling", "weights"):
            _check_usual(name, config, usual, "is of the network 'resnet18' alone")
    if config.network is not None and config.pretrain_epochs:
        raise ValueError(
            f"`pretrain_epochs` must be 0: the network {config.network!r} has no decoder to be "
            f"pretrained with. Received: pretrain_epochs={config.pretrain_epochs}"
        )
    _check_head(config)
    _check_latent(config, usual)
    if config.keep == "best" and not config.validation:
        raise ValueError(
            "`keep` must be 'last' where no samples are held out to choose the best epoch by. "
            "Received: keep='best', validation=0"
        )


def _check_altered(config: TrainConfig, usual: dict[str, Any]) -> None:
    if config.altered is None:
        for name in ("amount", "labelled_altered", "labelled_amount"):
            _check_usual(name, config, usual, "needs `altered`")
        return
    for name in ("normal_class", "contamination", "labelled_classes"):
        _check_usual(name, config, usual, "must be left out with `altered`")
    if config.amount is None:
        raise ValueError(
            "`amount` must be given with `altered`: blocks per side, or thickness of the "
            "strokes. Received: amount=None"
        )


def _check_head(config: TrainConfig) -> None:
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


def _check_one_phase(config: TrainConfig) -> None:
    is_autoencoder = config.method in AUTOENCODERS
    if config.pretrain_epochs:
        reason = "trains the autoencoder" if is_autoencoder else "is not pretrained"
        raise ValueError(
            f"`pretrain_epochs` must be 0: the method {config.method!r} {reason}. "
            f"Received: pretrain_epochs={config.pretrain_epochs}"
        )
    if config.network is not None and is_autoencoder:
        raise ValueError(
            f"`network` must be left out: the method {config.method!r} needs a decoder. Received: "
            f"network={config.network!r}"
        )


def _check_latent(config: TrainConfig, usual: dict[str, Any]) -> None:
    if config.latent in (None, "known"):
        needs = "needs a `latent` that flags samples by their losses: 'soft', 'hard' or 'refine'"
        for name in ("assumed_contamination", "latent_refresh", "latent_warmup"):
            _check_usual(name, config, usual, needs)
    if config.latent == "known" and not config.contamination:
        raise ValueError(
            "`contamination` must be above 0 with latent='known': no anomalies are hidden that "
            f"could be known. Received: contamination={config.contamination}"
        )
    if config.assumed_contamination == "auto" and not config.latent_warmup:
        raise ValueError(
            "`latent_warmup` must be at least 1 with assumed_contamination='auto': the estimate "
            "is made of the losses of a trained model. Received: latent_warmup=0"
        )
    if config.latent_warmup >= config.epochs:
        raise ValueError(
            f"`latent_warmup` must be less than the {config.epochs} epochs, or no sample is ever "
            f"flagged. Received: latent_warmup={config.latent_warmup}"
        )


def _check_usual(name: str, config: TrainConfig, usual: dict[str, Any], reason: str) -> None:
    value = getattr(config, name)
    if value != usual[name]:
        raise ValueError(f"`{name}` {reason}. Received: {name}={value!r}")
