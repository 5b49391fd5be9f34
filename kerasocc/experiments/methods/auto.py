"""The automatic choice: an ensemble of several methods, by the kind and the size of the data."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

from kerasocc.defaults.members import Member, automatic_members
from kerasocc.experiments.methods.method import NO_PRETRAINING, Choices, Method
from kerasocc.experiments.settings import kinds
from kerasocc.experiments.settings.latent import LatentSettings
from kerasocc.experiments.settings.network import NetworkSettings
from kerasocc.experiments.settings.setting import setting
from kerasocc.experiments.settings.training import TrainingSettings


@dataclass(frozen=True, kw_only=True)
class AutoSettings:
    """The settings of the automatic choice."""

    time_budget: float = setting(
        600.0,
        kinds.positive(),
        "seconds of training after which no further member is begun",
        metavar="SECONDS",
    )
    hidden_anomalies: bool | None = setting(
        None,
        kinds.flag(),
        "whether anomalies are among the training samples: neighbours are then sought in small "
        "random subsets, in which few of them are; none: with `contamination` alone",
        older=False,
    )


def members(config: Any, shape: tuple[int, ...], samples: int) -> list[Member]:
    """The members for a number of training samples of a shape, in the order of their training."""
    said = config.hidden_anomalies
    hidden = config.contamination > 0 if said is None else said
    return automatic_members(shape, samples, contaminated=hidden)


def defaults(choices: Choices) -> dict[str, Any]:
    """Every member has its own steps."""
    return {**NO_PRETRAINING, "epochs": None, "drop_at": ()}


def _names(*settings: type) -> set[str]:
    return {field.name for group in settings for field in dataclasses.fields(group)}


METHOD = Method(
    name="auto",
    title="Automatic choice",
    settings=AutoSettings,
    defaults=defaults,
    pretrained=False,
    members=members,
    chooses=frozenset(
        _names(TrainingSettings, NetworkSettings, LatentSettings)
        | {"preprocessing", "transductive"}
    ),
)
