"""MHRot: Hendrycks et al., Using Self-Supervised Learning Can Improve Robustness, NeurIPS 2019."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import kerasocc
from kerasocc.defaults.training import ROTATIONS
from kerasocc.experiments.methods.method import NO_PRETRAINING, Choices, Method
from kerasocc.experiments.methods.shared import AuxiliaryOutliers, Shift, length_of, shift_for


@dataclass(frozen=True, kw_only=True)
class MultiHeadRotNetSettings(Shift, AuxiliaryOutliers):
    """The settings of MHRot."""


def build(config: Any, encoder: Any, decoder: Any, options: dict[str, Any]) -> Any:
    """The model."""
    shift = shift_for(config, tuple(encoder.input_shape[1:]))
    return kerasocc.MultiHeadRotNet(encoder, shift=shift, **options)


def defaults(choices: Choices) -> dict[str, Any]:
    """Those of `defaults.training.ROTATIONS`, at a constant rate."""
    return {**NO_PRETRAINING, **length_of(ROTATIONS), "drop_at": ()}


METHOD = Method(
    name="multi-head-rotnet",
    title="MHRot",
    settings=MultiHeadRotNetSettings,
    build=build,
    defaults=defaults,
    pretrained=False,
    check_shape=shift_for,
)
