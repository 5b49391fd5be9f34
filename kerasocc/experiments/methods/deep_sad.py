"""Deep SAD: Ruff et al., Deep Semi-Supervised Anomaly Detection, ICLR 2020."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import kerasocc
from kerasocc.experiments.methods.method import Choices, Method
from kerasocc.experiments.methods.shared import (
    AuxiliaryOutliers,
    LabelledAnomalies,
    Regularization,
    labelled_unless_outliers,
    make_regularizer,
    weighting,
)
from kerasocc.experiments.settings import kinds
from kerasocc.experiments.settings.setting import setting


@dataclass(frozen=True, kw_only=True)
class DeepSADSettings(LabelledAnomalies, AuxiliaryOutliers, Regularization):
    """The settings of Deep SAD."""

    eta: float = setting(1.0, kinds.positive(), "weight of the labelled samples, above 0")


def build(config: Any, encoder: Any, decoder: Any, options: dict[str, Any]) -> Any:
    """The model."""
    regularizer = make_regularizer(config)
    return kerasocc.DeepSAD(encoder, eta=config.eta, regularizer=regularizer, **options)


def defaults(choices: Choices) -> dict[str, Any]:
    """Without labels it would be Deep SVDD."""
    return labelled_unless_outliers(choices)


METHOD = Method(
    name="deep-sad",
    title="Deep SAD",
    settings=DeepSADSettings,
    build=build,
    callbacks=weighting,
    defaults=defaults,
)
