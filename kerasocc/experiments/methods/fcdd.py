"""FCDD: Liznerski et al., Explainable Deep One-Class Classification, ICLR 2021."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import kerasocc
from kerasocc.defaults.training import FCDD
from kerasocc.experiments.methods.method import Choices, Method
from kerasocc.experiments.methods.shared import (
    NEEDS_ANOMALIES,
    AuxiliaryOutliers,
    LabelledAnomalies,
    labelled_unless_outliers,
    length_with_outliers,
)

_LEAST_PIXELS = 8


@dataclass(frozen=True, kw_only=True)
class FCDDSettings(LabelledAnomalies, AuxiliaryOutliers):
    """The settings of FCDD."""


def build(config: Any, encoder: Any, decoder: Any, options: dict[str, Any]) -> Any:
    """The model."""
    return kerasocc.FCDD(encoder, **options)


def defaults(choices: Choices) -> dict[str, Any]:
    """Images scaled to [0, 1]: contrast normalization would hide how bright a defect is."""
    own = length_with_outliers(FCDD)
    if choices.data_kind != "table":  # which `check_shape` refuses, by name
        own["preprocessing"] = FCDD.preprocessing
    return {**own, **labelled_unless_outliers(choices)}


def make_encoder(config: Any, shape: tuple[int, ...], samples: int) -> Any:
    """The fully convolutional network for images of a shape."""
    from kerasocc.networks.fcdd import usual_fcdd

    return usual_fcdd(shape, seed=config.seed)


def check_shape(config: Any, shape: tuple[int, ...]) -> None:
    """Raise `ValueError` unless the samples are images that are not too small."""
    if len(shape) != 3 or min(shape[:2]) < _LEAST_PIXELS:
        raise ValueError(
            f"`method` 'fcdd' needs images of at least {_LEAST_PIXELS} pixels per side, over which "
            f"its network moves. Received: samples of shape {shape}"
        )


METHOD = Method(
    name="fcdd",
    title="FCDD",
    settings=FCDDSettings,
    build=build,
    defaults=defaults,
    pretrained=False,
    rules={"labelled": NEEDS_ANOMALIES},
    encoder=make_encoder,
    uses_own_encoder=lambda config: config.encoder is None,
    check_shape=check_shape,
)
