"""MHRot: Hendrycks et al., Using Self-Supervised Learning Can Improve Robustness, NeurIPS 2019."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import kerasocc
from kerasocc.defaults.training import ROTATIONS
from kerasocc.experiments.methods.method import NO_PRETRAINING, Choices, Method
from kerasocc.experiments.methods.shared import AuxiliaryOutliers, length_of
from kerasocc.experiments.settings import kinds
from kerasocc.experiments.settings.setting import setting


@dataclass(frozen=True, kw_only=True)
class MultiHeadRotNetSettings(AuxiliaryOutliers):
    """The settings of MHRot."""

    shift: int | None = setting(
        None,
        kinds.integer(1),
        "pixels that images are shifted by; none: a quarter of their side",
    )


def build(config: Any, encoder: Any, decoder: Any, options: dict[str, Any]) -> Any:
    """The model."""
    shift = shift_for(config, tuple(encoder.input_shape[1:]))
    return kerasocc.MultiHeadRotNet(encoder, shift=shift, **options)


def defaults(choices: Choices) -> dict[str, Any]:
    """Those of `defaults.training.ROTATIONS`, at a constant rate."""
    return {**NO_PRETRAINING, **length_of(ROTATIONS), "drop_at": ()}


def shift_for(config: Any, shape: tuple[int, ...]) -> int:
    """Pixels that images of a shape are shifted by.

    Raises:
        ValueError: If they are no square images, or smaller than the shift.
    """
    if len(shape) != 3 or shape[0] != shape[1]:
        raise ValueError(
            "`method` 'multi-head-rotnet' needs square images, because it turns them; "
            f"`image_size` resizes them. Received: samples of shape {shape}"
        )
    shift = max(shape[0] // 4, 1) if config.shift is None else config.shift
    if shift >= shape[0]:
        raise ValueError(
            f"`shift` must be less than the side of the images, {shape[0]}. Received: shift={shift}"
        )
    return shift


def check_shape(config: Any, shape: tuple[int, ...]) -> None:
    """Raise `ValueError` unless the samples are square images that can be shifted."""
    shift_for(config, shape)


METHOD = Method(
    name="multi-head-rotnet",
    title="MHRot",
    settings=MultiHeadRotNetSettings,
    build=build,
    defaults=defaults,
    pretrained=False,
    check_shape=check_shape,
)
