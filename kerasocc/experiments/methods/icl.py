"""ICL: Shenkar and Wolf, Internal Contrastive Learning, ICLR 2022."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import kerasocc
from kerasocc.defaults.training import ICL
from kerasocc.experiments.methods.method import Method, values_of
from kerasocc.experiments.methods.shared import Temperature, contrastive_defaults
from kerasocc.experiments.settings import kinds
from kerasocc.experiments.settings.setting import setting


@dataclass(frozen=True, kw_only=True)
class ICLSettings(Temperature):
    """The settings of ICL."""

    window: int | None = setting(
        None,
        kinds.integer(1),
        "columns of a window; none: 2 up to 40 columns, 10 up to 160, all but 150 beyond",
        symbol="k",
    )
    num_windows: int = setting(
        20,
        kinds.integer(2),
        "most windows of a row, evenly spread over its columns; the paper takes all",
        older=1_000_000,
    )
    permutations: int | None = setting(
        None,
        kinds.integer(1),
        "orders of the columns, each with networks of its own; none: by the number of columns and "
        "training samples, 1 for wide tables",
        older=1,
    )


def build(config: Any, encoder: Any, decoder: Any, options: dict[str, Any]) -> Any:
    """The model."""
    return kerasocc.ICL(encoder, temperature=config.temperature, **options)


def make_encoder(config: Any, shape: tuple[int, ...], samples: int) -> Any:
    """Its two encoders, as one network."""
    *hidden, code = config.hidden or ICL.hidden
    own = values_of(config, "window", "num_windows", "permutations", "seed")
    return kerasocc.networks.icl_encoder(shape, samples=samples, hidden=hidden, code=code, **own)


def check_shape(config: Any, shape: tuple[int, ...]) -> None:
    """Raise `ValueError` unless there are several windows with a complement."""
    columns = math.prod(shape)
    if columns < 3:
        raise ValueError(
            "`method` 'icl' needs samples of at least 3 columns, for two windows with a complement "
            f"each. Received: samples of shape {shape}"
        )
    if config.window is not None and config.window >= columns:
        raise ValueError(
            f"`window` must be less than the {columns} columns of the samples, for a complement. "
            f"Received: window={config.window}"
        )


METHOD = Method(
    name="icl",
    title="ICL",
    settings=ICLSettings,
    build=build,
    defaults=contrastive_defaults,
    pretrained=False,
    encoder=make_encoder,
    check_shape=check_shape,
)
