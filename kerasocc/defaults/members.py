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
SUBSETS = 100
"""In each of so many random subsets of a contaminated training set a neighbour is sought."""
SMALLEST_SIDE = 8
"""Pixels that images must have in height and width for gradients to say something."""


@dataclass(frozen=True)
class Member:
    """A model of an ensemble that a run trains.

    Attributes:
        method: Name of its method.
        settings: What differs from the defaults of the method for the data.
        neighbors: Arguments of the nearest neighbours in its embedding, which are a member, too;
            None for none.
    """

    method: str
    settings: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    neighbors: Mapping[str, Any] | None = None


def automatic_members(
    shape: tuple[int, ...], samples: int, *, contaminated: bool = False
) -> list[Member]:
    """The members for training samples of a shape, in the order of their training.

    Args:
        shape: Of a sample.
        samples: Number of training samples.
        contaminated: Whether anomalies are among them.
    """
    if len(shape) == 3:
        return _of_images(shape, samples, contaminated)
    return _of_wide_tables(contaminated) if shape[0] >= WIDE else _of_tables(contaminated)


def _search(contaminated: bool, k: int) -> dict[str, Any]:
    """How neighbours are sought: the nearest `k`, or one in each of many subsets."""
    # Anomalies that are alike would be each other's neighbours among all training samples.
    return {"k": 1, "subsets": SUBSETS} if contaminated else {"k": k}


def _neighbors(search: Mapping[str, Any], *preprocessings: str) -> list[Member]:
    return [Member("nearest-neighbors", {"preprocessing": p, **search}) for p in preprocessings]


def _of_images(shape: tuple[int, ...], samples: int, contaminated: bool) -> list[Member]:
    # The components of few images do not hold what new images can differ in: a scratch on one of
    # them is not seen.
    common = {"components": COMPONENTS if samples >= 4 * COMPONENTS else None}
    common |= _search(contaminated, k=3)
    # Contrast normalization takes away what tells some classes apart, and brings out what tells
    # others apart. Edges tell shapes apart, whatever their colours and where exactly they are.
    settings = [{"preprocessing": p} for p in ("unit", "contrast")]
    if min(shape[:2]) >= SMALLEST_SIDE:
        settings += [{"preprocessing": "unit", "cells": cells} for cells in CELLS]
    return [Member("nearest-neighbors", {**common, **own}) for own in settings]


def _of_tables(contaminated: bool) -> list[Member]:
    search = _search(contaminated, k=3)
    network = Member("deep-svdd", neighbors=_search(contaminated, k=5))
    # No scaling of columns is best for all tables: the mean over several is, on most.
    scaled = _neighbors(search, "standard", "min-max", "robust")
    if contaminated:
        # Hidden anomalies that are many come to the center of Deep SVDD, and by a scaling to
        # normal distributions to the other rows.
        return [*scaled, network]
    return [*scaled, *_neighbors(search, "quantile"), *3 * [network]]


def _of_wide_tables(contaminated: bool) -> list[Member]:
    search = _search(contaminated, k=3)
    network = Member("deep-svdd", neighbors=_search(contaminated, k=5))
    # A narrower code and a longer training than by default: so they were compared on features.
    longer = Member("neutral-ad", {"hidden": usual_hidden(WIDE), "epochs": CONTRASTIVE.epochs})
    scaled = _neighbors(search, "standard", "min-max", "robust")
    return [*scaled, *3 * [network], *2 * [longer]]
