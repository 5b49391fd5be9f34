"""OC-NN: Chalapathy et al., Anomaly Detection using One-Class Neural Networks, 2018."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import kerasocc
from kerasocc.defaults.training import FREQUENCIES, OC_NN
from kerasocc.experiments.methods.method import (
    NO_PRETRAINING,
    Choices,
    HeadPhase,
    Method,
    values_of,
)
from kerasocc.experiments.methods.shared import OutlierFraction, length_of
from kerasocc.experiments.settings import kinds
from kerasocc.experiments.settings.setting import only_if, require, setting

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
_FROZEN = {
    "quantile_update": "joint",
    "epochs": 150,
    "learning_rate": 1e-2,
    "drop_at": (100,),
    "weight_decay": 0.0,
}
# A number of steps whatever the size of the table, and `r` by gradient steps: with the quantile of
# each batch the AUC is near chance. See `benchmarks/measured/oc_nn.md`.
_FOURIER = {
    **NO_PRETRAINING,
    "train_encoder": True,
    "head_epochs": 0,
    "quantile_update": "joint",
    "fourier_features": FREQUENCIES,
    "preprocessing": OC_NN.preprocessing,
    **length_of(OC_NN),
    "drop_at": (),
    "weight_decay": OC_NN.weight_decay,
}
_FOURIER_FROZEN = {
    **_FOURIER,
    "train_encoder": False,
    "steps": 2000,
}


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
    fourier_features: int = setting(
        0,
        kinds.integer(0),
        "number of random Fourier frequencies that are the encoder of a table, whose columns are "
        "then standardised; 0: an MLP on columns scaled to [0, 1]",
        older=0,
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
        kinds.choice("epoch", "batch", "joint"),
        "how the quantile r of the scores is updated: after every epoch, by every batch, or "
        "by gradient steps together with the weights",
    )


def build(config: Any, encoder: Any, decoder: Any, options: dict[str, Any]) -> Any:
    """The model."""
    own = values_of(config, "nu", "units", "activation", "normalize", "train_encoder")
    return kerasocc.OCNN(encoder, **own, **options)


def make_encoder(config: Any, shape: tuple[int, ...], samples: int) -> Any:
    """Random Fourier features."""
    options = dict(features=config.fourier_features, seed=config.seed)
    return kerasocc.networks.fourier_features(shape, **options)


def check_shape(config: Any, shape: tuple[int, ...]) -> None:
    """Raise `ValueError` for images in random Fourier features."""
    if config.fourier_features and len(shape) != 1:
        raise ValueError(
            "`fourier_features` must be 0 unless the samples are rows of a table. Received: "
            f"fourier_features={config.fourier_features}, samples of shape {shape}"
        )


def callbacks(config: Any, backup: Path) -> list[StateCallback]:
    """The callback of the quantile."""
    return [kerasocc.callbacks.QuantileUpdate(update=config.quantile_update)]


def defaults(choices: Choices) -> dict[str, Any]:
    """The defaults depend on whether the encoder is trained, and on the data."""
    is_trained = choices.chosen.get("train_encoder", True)
    if _takes_fourier_features(choices):
        return _FOURIER if is_trained else _FOURIER_FROZEN
    if not is_trained:
        return _FROZEN
    return {**_TRAINED, **(_BRIEF if choices.data_kind in _BRIEF_ON else {})}


def _takes_fourier_features(choices: Choices) -> bool:
    """Whether they are the encoder: those of tables, unless another one is chosen."""
    chosen = choices.chosen
    if "fourier_features" in chosen:
        return bool(chosen["fourier_features"])
    # The file of an older run has these settings, whatever their values.
    of_an_mlp = {"hidden", "use_bias", "batch_norm", "encoder"} & chosen.keys()
    return choices.is_own_table and not of_an_mlp and not chosen.get("pretrain_epochs")


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
    encoder=make_encoder,
    uses_own_encoder=lambda config: config.fourier_features > 0,
    check_shape=check_shape,
    head=head,
    rules={
        "weight_decay": require(
            lambda config: not config.weight_decay or config.train_encoder,
            "must be 0 unless `train_encoder`: nothing else is trained but `w` and `V`, whose "
            "norms OC-NN has in its objective",
        ),
        "pretrain_epochs": require(
            lambda config: not config.pretrain_epochs or not config.fourier_features,
            "must be 0 with `fourier_features`, which have no decoder",
        ),
        "hidden": only_if(
            lambda config: not config.fourier_features,
            "must be left out with `fourier_features`, which are the encoder; 0 of them leave it "
            "to an MLP",
        ),
    },
)
