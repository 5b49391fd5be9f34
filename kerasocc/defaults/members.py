"""The members of the ensemble that is made where no method is chosen."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kerasocc.defaults.training import CONTRASTIVE, usual_hidden

WIDE = 100
"""A table with so many columns is taken for embeddings of a network, not for measurements."""
COMPONENTS = 256
"""Principal components of the pixels of images."""
CELLS = (4, 3)
"""Numbers of cells of oriented gradients, fine ones and coarse ones."""
SMALLEST_SIDE = 8
"""Pixels that images must have in height and width for gradients to say something."""


@dataclass(frozen=True)
class Member:
    """A model of an ensemble that a run trains.

    Attributes:
        method: Name of its method.
        settings: What differs from the defaults of the method for the data.
        has_neighbors: Whether nearest neighbours in its embedding are a member, too.
    """

    method: str
    settings: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    has_neighbors: bool = False


def automatic_members(shape: tuple[int, ...], samples: int) -> list[Member]:
    """The members for a number of training samples of a shape, in the order of their training."""
    if len(shape) == 3:
        return _of_images(shape, samples)
    return _of_wide_tables() if shape[0] >= WIDE else _of_tables()


def _neighbors(*preprocessings: str) -> list[Member]:
    return [Member("nearest-neighbors", {"preprocessing": p, "k": 3}) for p in preprocessings]


def _of_images(shape: tuple[int, ...], samples: int) -> list[Member]:
    # The components of few images do not hold what new images can differ in: a scratch on one of
    # them is not seen.
    common = {"k": 3, "components": COMPONENTS if samples >= 4 * COMPONENTS else None}
    # Contrast normalization takes away what tells some classes apart, and brings out what tells
    # others apart. Edges tell shapes apart, whatever their colours and where exactly they are.
    settings = [{"preprocessing": p} for p in ("unit", "contrast")]
    if min(shape[:2]) >= SMALLEST_SIDE:
        settings += [{"preprocessing": "unit", "cells": cells} for cells in CELLS]
    return [Member("nearest-neighbors", {**common, **own}) for own in settings]


def _of_tables() -> list[Member]:
    # No scaling of columns is best for all tables: the mean over several is, on most.
    scaled = _neighbors("standard", "min-max", "robust", "quantile")
    return scaled + 3 * [Member("deep-svdd", has_neighbors=True)]


def _of_wide_tables() -> list[Member]:
    scaled = _neighbors("standard", "min-max", "robust")
    # A narrower code and a longer training than by default: so they were compared on features.
    longer = Member("neutral-ad", {"hidden": usual_hidden(WIDE), "epochs": CONTRASTIVE.epochs})
    return [*scaled, *3 * [Member("deep-svdd", has_neighbors=True)], *2 * [longer]]
