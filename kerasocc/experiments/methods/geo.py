"""GEO: Golan and El-Yaniv, Deep Anomaly Detection Using Geometric Transformations, NeurIPS 2018."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import kerasocc
from kerasocc.defaults.training import TRANSFORMATIONS
from kerasocc.experiments.methods.method import NO_PRETRAINING, Choices, Method
from kerasocc.experiments.methods.shared import AuxiliaryOutliers, Shift, length_of, shift_for


@dataclass(frozen=True, kw_only=True)
class GEOSettings(Shift, AuxiliaryOutliers):
    """The settings of GEO."""


def build(config: Any, encoder: Any, decoder: Any, options: dict[str, Any]) -> Any:
    """The model."""
    return kerasocc.GEO(encoder, shift=config.shift, **options)


def make_encoder(config: Any, shape: tuple[int, ...], samples: int) -> Any:
    """WRN-10-4, as in the paper, with the biases that a classifier may have."""
    return kerasocc.networks.wide_resnet(shape, depth=10, width=4, use_bias=True, seed=config.seed)


def defaults(choices: Choices) -> dict[str, Any]:
    """Those of `defaults.training.TRANSFORMATIONS`, at a constant rate."""
    return {**NO_PRETRAINING, **length_of(TRANSFORMATIONS), "drop_at": ()}


METHOD = Method(
    name="geo",
    title="GEO",
    settings=GEOSettings,
    build=build,
    defaults=defaults,
    pretrained=False,
    encoder=make_encoder,
    uses_own_encoder=lambda config: config.network_name is None,
    check_shape=shift_for,
)
