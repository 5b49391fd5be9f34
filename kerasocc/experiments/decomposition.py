"""What a robust autoencoder has made of its training samples, for the report."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from kerasocc.datasets import OneClassDataset
from kerasocc.models.base import OneClassModel
from kerasocc.models.robust_autoencoder import RobustAutoencoder

SHOWN = 12
"""Training samples that are shown."""


class Decomposition(NamedTuple):
    """Training samples and their parts, each of shape `(samples, ...)`.

    Attributes:
        x: Preprocessed.
        reconstruction: Theirs.
        noise: Theirs.
    """

    x: np.ndarray
    reconstruction: np.ndarray
    noise: np.ndarray


def decompose(model: OneClassModel, data: OneClassDataset) -> Decomposition | None:
    """The training samples with the most noise; None for a model that has none.

    Args:
        model: Trained on `data`.
        data: Its data.
    """
    if not isinstance(model, RobustAutoencoder) or model.noise is None:
        return None
    chosen = np.argsort(-model.noise_scores(), kind="stable")[:SHOWN]
    x, noise = np.asarray(data.x_train[np.sort(chosen)]), model.noise[np.sort(chosen)]
    prepared = model.map_noise("without_noise", x, np.zeros_like(noise))
    residual = model.map_noise("residual_of", x, noise)
    return Decomposition(prepared, prepared - residual, noise)
