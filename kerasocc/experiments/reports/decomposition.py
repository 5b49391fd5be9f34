"""The parts that a robust autoencoder decomposes its training samples into."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

import kerasocc
from kerasocc.datasets import OneClassDataset
from kerasocc.models.base import OneClassModel

SHOWN = 12
"""Number of training samples in the figure."""


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

    None for a model without noise, and where they are not of both classes.

    Args:
        model: Trained on `data`.
        data: Its data.
    """
    from sklearn.metrics import roc_auc_score

    has_noise = isinstance(model, kerasocc.RobustAutoencoder) and model.noise is not None
    if not has_noise or len(np.unique(data.truth_train)) < 2:
        return None
    return float(roc_auc_score(data.truth_train, model.noise_scores()))


def decompose(model: OneClassModel, data: OneClassDataset) -> Decomposition | None:
    """The training samples with the most noise; None for a model that has none.

    Args:
        model: Trained on `data`.
        data: Its data.
    """
    if not isinstance(model, kerasocc.RobustAutoencoder) or model.noise is None:
        return None
    chosen = np.argsort(-model.noise_scores(), kind="stable")[:SHOWN]
    x, noise = np.asarray(data.x_train[np.sort(chosen)]), model.noise[np.sort(chosen)]
    prepared = model.map_noise("without_noise", x, np.zeros_like(noise))
    residual = model.map_noise("residual_of", x, noise)
    return Decomposition(prepared, prepared - residual, noise)
