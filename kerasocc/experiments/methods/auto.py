"""The automatic choice: an ensemble of several methods, by the kind and the size of the data."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

from kerasocc.experiments.methods.method import NO_PRETRAINING, Choices, Member, Method
from kerasocc.experiments.settings import kinds
from kerasocc.experiments.settings.latent import LatentSettings
from kerasocc.experiments.settings.network import NetworkSettings
from kerasocc.experiments.settings.setting import setting
from kerasocc.experiments.settings.training import TrainingSettings

WIDE = 100
"""A table with so many columns is taken for embeddings of a network, not for measurements."""
COMPONENTS = 256
"""Principal components of the pixels of images."""


@dataclass(frozen=True, kw_only=True)
class AutoSettings:
    """The settings of the automatic choice."""

    time_budget: float = setting(
        600.0,
        kinds.positive(),
        "seconds of training after which no further member is begun",
        metavar="SECONDS",
    )


def members(config: Any, shape: tuple[int, ...], samples: int) -> list[Member]:
    """The members for a number of training samples of a shape, in the order of their training."""
    if len(shape) == 3:
        return _of_images(samples)
    return _of_wide_tables() if shape[0] >= WIDE else _of_tables()


def _neighbors(*preprocessings: str) -> list[Member]:
    return [Member("nearest-neighbors", {"preprocessing": p, "k": 3}) for p in preprocessings]


def _of_images(samples: int) -> list[Member]:
    # The components of few images do not hold what new images can differ in: a scratch on one of
    # them is not seen.
    components = COMPONENTS if samples >= 4 * COMPONENTS else None
    # Contrast normalization takes away what tells some classes apart, and brings out what tells
    # others apart.
    return [
        Member("nearest-neighbors", {"preprocessing": p, "k": 3, "components": components})
        for p in ("unit", "contrast")
    ]


def _of_tables() -> list[Member]:
    # No scaling of columns is best for all tables: the mean over several is, on most.
    scaled = _neighbors("standard", "min-max", "robust", "quantile")
    return scaled + 3 * [Member("deep-svdd", has_neighbors=True)]


def _of_wide_tables() -> list[Member]:
    scaled = _neighbors("standard", "min-max", "robust")
    return [*scaled, *3 * [Member("deep-svdd", has_neighbors=True)], *2 * [Member("neutral-ad")]]


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
