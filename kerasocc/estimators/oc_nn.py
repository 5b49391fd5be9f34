"""OC-NN as a scikit-learn detector."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import keras
import numpy as np

from kerasocc.callbacks.quantile import QuantileUpdate
from kerasocc.checks import check_integer
from kerasocc.defaults.training import FREQUENCIES, OC_NN
from kerasocc.estimators.network_detector import NetworkDetector
from kerasocc.models.oc_nn import OCNN
from kerasocc.networks import fourier_features


@dataclass(kw_only=True, eq=False, repr=False)
class OCNNDetector(NetworkDetector):
    """OC-NN (Chalapathy et al., 2018): a hyperplane through a hidden layer on an encoder.

    Without an `encoder` it reads random Fourier features of a table, which are trained on: a
    kernel machine that learns its kernel. For images pass an encoder, such as that of an
    autoencoder.

    Args:
        units: Width of the hidden layer.
        nu: Share of the training samples beyond the hyperplane, in (0, 1].
        activation: `"sigmoid"`, `"linear"` or `"relu"`.
        train_encoder: Whether the encoder is trained too.
        normalize: Whether the embeddings are scaled to length 1; None as in `kerasocc.OCNN`.
        quantile_update: How `r` follows the scores: `"joint"`, `"batch"` or `"epoch"`, see
            `callbacks.QuantileUpdate`.
        fourier_features: Number of random frequencies that are the encoder of a table.

    The other parameters are those of `NetworkDetector` and `OneClassDetector`.

    Reference:
        Chalapathy et al., Anomaly Detection using One-Class Neural Networks, arXiv 1802.06360.
    """

    units: int = 32
    nu: float = 0.1
    activation: str = "sigmoid"
    train_encoder: bool = True
    normalize: bool | None = None
    quantile_update: str = "joint"
    fourier_features: int = FREQUENCIES

    of_tables: ClassVar = OC_NN

    def _make_encoder(self, x: np.ndarray, seed: int) -> keras.Model:
        if x.ndim != 2 or self.hidden is not None:
            raise ValueError(
                "An `encoder` must be given unless the samples are rows of a table and `hidden` "
                f"is None. Received: samples of shape {x.shape[1:]}, hidden={self.hidden!r}"
            )
        check_integer("fourier_features", self.fourier_features, minimum=1)
        return fourier_features(x.shape[1], features=self.fourier_features, seed=seed)

    def _callbacks(self) -> list[keras.callbacks.Callback]:
        return [QuantileUpdate(update=self.quantile_update)]

    def _make_model(self, encoder: keras.Model, x: np.ndarray, options: dict[str, Any]) -> OCNN:
        return OCNN(
            encoder,
            units=self.units,
            nu=self.nu,
            activation=self.activation,
            train_encoder=self.train_encoder,
            normalize=self.normalize,
            **options,
        )
