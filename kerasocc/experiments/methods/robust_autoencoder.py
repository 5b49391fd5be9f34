"""Robust autoencoder: Zhou and Paffenroth, KDD 2017, and Chalapathy et al., ECML PKDD 2017."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import kerasocc
from kerasocc.checks import AUTO
from kerasocc.defaults.training import NORM_OF_TABLES
from kerasocc.experiments.methods.method import Choices, Method, values_of
from kerasocc.experiments.methods.shared import autoencoder_defaults
from kerasocc.experiments.settings import kinds
from kerasocc.experiments.settings.setting import only_if, setting

if TYPE_CHECKING:
    from kerasocc.callbacks import StateCallback


@dataclass(frozen=True, kw_only=True)
class RobustAutoencoderSettings:
    """The settings of the robust autoencoder."""

    lam: float | str = setting(
        AUTO,
        kinds.non_negative_or_auto(infinity=True),
        "weight of the penalty on the noise, inf for no noise; residuals up to half of it are not "
        "taken for noise; auto: chosen from the residuals of the training samples",
        symbol="lambda",
        older=0.1,
    )
    norm: str = setting(
        "l1",
        kinds.choice("l1", "l21"),
        "norm of the noise: l1 of single values, l21 of groups, which is the default of tables",
    )
    groups: str = setting("samples", kinds.choice("samples", "features"), "groups of the norm l21")
    encode: str = setting(
        "residual",
        kinds.choice("residual", "input"),
        "what the encoder reads: the input without the noise, or the input",
    )
    noise_every: int = setting(1, kinds.integer(1), "epochs between two updates of the noise")


def build(config: Any, encoder: Any, decoder: Any, options: dict[str, Any]) -> Any:
    """The model; its weight decay is the paper's mu."""
    own = values_of(config, "lam", "norm", "groups", "encode")
    options = dict(options)
    mu = options.pop("weight_decay")
    return kerasocc.RobustAutoencoder(encoder, decoder, mu=mu, **own, **options)


def callbacks(config: Any, backup: Path) -> list[StateCallback]:
    """The callback of the noise, which it keeps in files."""
    return [kerasocc.callbacks.NoiseUpdate(every=config.noise_every, folder=backup)]


def defaults(choices: Choices) -> dict[str, Any]:
    """Those of the plain autoencoder; of a table whole rows are taken for noise."""
    norm = {"norm": NORM_OF_TABLES} if choices.is_own_table else {}
    return {**autoencoder_defaults(choices), **norm}


METHOD = Method(
    name="robust-autoencoder",
    title="Robust autoencoder",
    settings=RobustAutoencoderSettings,
    build=build,
    callbacks=callbacks,
    defaults=defaults,
    pretrained=False,
    needs_decoder=True,
    keeps_files=True,
    rules={
        "augment": only_if(
            lambda config: False,
            "must be left out: the method 'robust-autoencoder' has noise for every training "
            "sample, which no other fits",
        ),
    },
)
