"""The plain autoencoder, scored by its reconstruction error."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import kerasocc
from kerasocc.experiments.methods.method import Method
from kerasocc.experiments.methods.shared import autoencoder_defaults


@dataclass(frozen=True, kw_only=True)
class AutoencoderSettings:
    """It has none of its own."""


def build(config: Any, encoder: Any, decoder: Any, options: dict[str, Any]) -> Any:
    """The model."""
    return kerasocc.Autoencoder(encoder, decoder, **options)


METHOD = Method(
    name="autoencoder",
    title="Autoencoder",
    settings=AutoencoderSettings,
    build=build,
    defaults=autoencoder_defaults,
    pretrained=False,
    needs_decoder=True,
)
