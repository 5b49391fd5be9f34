"""OC-NN: Chalapathy et al., Anomaly Detection using One-Class Neural Networks, 2018."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import kerasocc
from kerasocc.experiments.methods.method import Choices, HeadPhase, Method, values_of
from kerasocc.experiments.methods.shared import OutlierFraction
from kerasocc.experiments.settings import kinds
from kerasocc.experiments.settings.setting import require, setting

if TYPE_CHECKING:
    from kerasocc.callbacks import StateCallback

_TRAINED = {"train_encoder": True, "head_epochs": 40, "quantile_update": "batch"}
# With the epochs and rates of Deep SVDD on these images all scores become equal, a
# `CollapseError`; these are the settings of the figures in `benchmarks/`.
_BRIEF_ON = ("mnist", "fashion_mnist", "cifar10")
_BRIEF = {
    "pretrain_epochs": 20,
    "pretrain_learning_rate": 1e-3,
    "pretrain_drop_at": (15,),
    "epochs": 20,
    "learning_rate": 1e-3,
    "drop_at": (),
}
_FROZEN = {"epochs": 150, "learning_rate": 1e-2, "drop_at": (100,), "weight_decay": 0.0}


@dataclass(frozen=True, kw_only=True)
class OCNNSettings(OutlierFraction):
    """The settings of OC-NN."""

    units: int = setting(32, kinds.integer(1), "width of the hidden layer")
    activation: str = setting(
        "sigmoid", kinds.choice("sigmoid", "linear", "relu"), "activation of the hidden layer"
    )
    normalize: bool | None = setting(
        None,
        kinds.flag(),
        "scale the embeddings to length 1; none: unless the encoder is frozen and the activation "
        "is sigmoid",
    )
    train_encoder: bool = setting(False, kinds.flag(), "train the encoder too")
    head_epochs: int = setting(
        0,
        kinds.integer(0),
        "epochs with the encoder frozen before it is trained too, at ten times the learning rate",
        rules=(
            require(
                lambda config: not config.head_epochs or config.train_encoder,
                "must be 0 unless `train_encoder`: with a frozen encoder all epochs are of the "
                "head",
            ),
        ),
    )
    quantile_update: str = setting(
        "epoch",
        kinds.choice("epoch", "batch"),
        "when the quantile r of the scores is updated",
    )


def build(config: Any, encoder: Any, decoder: Any, options: dict[str, Any]) -> Any:
    """The model."""
    own = values_of(config, "nu", "units", "activation", "normalize", "train_encoder")
    return kerasocc.OCNN(encoder, **own, **options)


def callbacks(config: Any, backup: Path) -> list[StateCallback]:
    """The callback of the quantile."""
    return [kerasocc.callbacks.QuantileUpdate(update=config.quantile_update)]


def defaults(choices: Choices) -> dict[str, Any]:
    """The defaults depend on whether the encoder is trained, and on the data."""
    if not choices.chosen.get("train_encoder", True):
        return _FROZEN
    return {**_TRAINED, **(_BRIEF if choices.data_kind in _BRIEF_ON else {})}


def head(config: Any) -> HeadPhase | None:
    """The phase that trains the hyperplane on the frozen encoder."""
    if not config.head_epochs:
        return None
    frozen = dict(
        train_encoder=False,
        head_epochs=0,
        weight_decay=0.0,
        # As the model that trains the encoder has it.
        normalize=True if config.normalize is None else config.normalize,
    )
    return HeadPhase(frozen, config.head_epochs, 10 * config.learning_rate)


METHOD = Method(
    name="oc-nn",
    title="OC-NN",
    settings=OCNNSettings,
    build=build,
    callbacks=callbacks,
    defaults=defaults,
    head=head,
    rules={
        "weight_decay": require(
            lambda config: not config.weight_decay or config.train_encoder,
            "must be 0 unless `train_encoder`: nothing else is trained but `w` and `V`, whose "
            "norms OC-NN has in its objective",
        )
    },
)
