"""Deep SVDD: Ruff et al., Deep One-Class Classification, ICML 2018."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import kerasocc
from kerasocc.defaults.training import DEEP_SVDD
from kerasocc.experiments.methods.method import Choices, Method, values_of
from kerasocc.experiments.methods.shared import (
    OutlierFraction,
    Regularization,
    make_regularizer,
    table_defaults,
    weighting,
)
from kerasocc.experiments.settings import kinds
from kerasocc.experiments.settings.setting import setting

if TYPE_CHECKING:
    from kerasocc.callbacks import StateCallback


@dataclass(frozen=True, kw_only=True)
class DeepSVDDSettings(Regularization, OutlierFraction):
    """The settings of Deep SVDD."""

    objective: str = setting(
        "one-class",
        kinds.choice("one-class", "soft-boundary"),
        "distances to the center, or a sphere that leaves a fraction nu outside",
    )
    radius_update: str = setting(
        "epoch",
        kinds.choice("epoch", "batch"),
        "when the radius of the soft boundary is updated",
    )


def build(config: Any, encoder: Any, decoder: Any, options: dict[str, Any]) -> Any:
    """The model."""
    own = values_of(config, "objective", "nu")
    return kerasocc.DeepSVDD(encoder, **own, regularizer=make_regularizer(config), **options)


def callbacks(config: Any, backup: Path) -> list[StateCallback]:
    """The callbacks of the radius and of the regularizer."""
    others = weighting(config, backup)
    if config.objective != "soft-boundary":
        return others
    return [kerasocc.callbacks.RadiusUpdate(update=config.radius_update), *others]


def defaults(choices: Choices) -> dict[str, Any]:
    """Few steps on tables: more of them lower the AUC."""
    return table_defaults(choices, DEEP_SVDD)


METHOD = Method(
    name="deep-svdd",
    title="Deep SVDD",
    settings=DeepSVDDSettings,
    build=build,
    callbacks=callbacks,
    defaults=defaults,
)
