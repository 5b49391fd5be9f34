"""NeuTraL AD: Qiu et al., Neural Transformation Learning, ICML 2021."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import kerasocc
from kerasocc.defaults.training import NEUTRAL_AD
from kerasocc.experiments.methods.method import Choices, Method, values_of
from kerasocc.experiments.methods.shared import (
    Temperature,
    contrastive_defaults,
    table_defaults,
)
from kerasocc.experiments.settings import kinds
from kerasocc.experiments.settings.setting import setting


@dataclass(frozen=True, kw_only=True)
class NeuTraLADSettings(Temperature):
    """The settings of NeuTraL AD."""

    num_transforms: int = setting(
        11, kinds.integer(2), "number of learned transformations, at least 2", symbol="K"
    )
    transform: str = setting(
        "residual",
        kinds.choice("residual", "forward", "mul"),
        "form of the transformations, with a network M: M(x) + x, M(x) or sigmoid(M(x)) * x",
    )


def build(config: Any, encoder: Any, decoder: Any, options: dict[str, Any]) -> Any:
    """The model."""
    own = values_of(config, "num_transforms", "transform", "temperature")
    return kerasocc.NeuTraLAD(encoder, **own, **options)


def defaults(choices: Choices) -> dict[str, Any]:
    """Those of contrastive methods, on tables a wider encoder and a shorter training."""
    return {**contrastive_defaults(choices), **table_defaults(choices, NEUTRAL_AD)}


METHOD = Method(
    name="neutral-ad",
    title="NeuTraL AD",
    settings=NeuTraLADSettings,
    build=build,
    defaults=defaults,
    pretrained=False,
)
