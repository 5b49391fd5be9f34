"""Nearest neighbours in the embedding of a trained model, a second opinion at no training."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kerasocc.models.base import OneClassModel
from kerasocc.models.nearest_neighbors import NearestNeighbors


def fit_neighbors(
    model: OneClassModel, x: Any, *, seed: int | None, search: Mapping[str, Any]
) -> NearestNeighbors:
    """Store normal samples as a trained model embeds them.

    Args:
        model: Its encoder and preprocessing are shared.
        x: Normal samples as `model` takes them.
        seed: Of the choice of stored samples.
        search: Further arguments of `NearestNeighbors`.

    Returns:
        A fitted model.
    """
    neighbors = NearestNeighbors(
        model.encoder,
        preprocessing=model.preprocessing,
        feature_names=model.feature_names,
        seed=seed,
        **search,
    )
    neighbors.fit(x, epochs=1, verbose=0)
    return neighbors
