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


def auc_of_noise(model: OneClassModel, data: OneClassDataset) -> float | None:
    """AUC of `||n_i||` over the training samples, the transductive score of the noise.

    None for a model without noise, and where not both kinds are hidden among them.

    Args:
        model: Trained on `data`.
        data: Its data.
    """
    from sklearn.metrics import roc_auc_score

    has_noise = isinstance(model, RobustAutoencoder) and model.noise is not None
    if not has_noise or len(np.unique(data.truth_train)) < 2:
        return None
    return float(roc_auc_score(data.truth_train, model.noise_scores()))


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
