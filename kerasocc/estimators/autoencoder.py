"""Autoencoders as scikit-learn detectors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import keras
import numpy as np

from kerasocc.checks import AUTO
from kerasocc.defaults.training import AUTOENCODER, IMAGES, NORM_OF_TABLES
from kerasocc.estimators.network_detector import NetworkDetector
from kerasocc.estimators.networks import Network, default_decoder, own_network
from kerasocc.models.autoencoder import Autoencoder
from kerasocc.models.robust_autoencoder import RobustAutoencoder


@dataclass(kw_only=True, eq=False, repr=False)
class ReconstructionDetector(NetworkDetector):
    """Base of the detectors that score by a reconstruction error.

    Args:
        decoder: As `encoder`, from codes to samples; needed with an `encoder`. A function gets
            the shape of a sample.
    """

    decoder: Network | None = None

    of_tables: ClassVar = AUTOENCODER
    # An autoencoder is trained for its own sake as it is before other methods.
    of_images: ClassVar = IMAGES._replace(epochs=IMAGES.pretrain_epochs, pretrain_epochs=0)

    def _make_decoder(self, x: np.ndarray, seed: int) -> keras.Model:
        if (self.encoder is None) != (self.decoder is None):
            raise ValueError(
                "`encoder` and `decoder` must be given together. Received: "
                f"encoder={self.encoder!r}, decoder={self.decoder!r}"
            )
        shape, is_image = tuple(x.shape[1:]), x.ndim == 4
        if self.decoder is not None:
            return own_network("decoder", self.decoder, shape)
        bounded = self._chosen_preprocessing(is_image) == "min-max"
        kind = self._training(is_image).of_network()
        return default_decoder(shape, self._widths(is_image), bounded=bounded, seed=seed, **kind)


@dataclass(kw_only=True, eq=False, repr=False)
class AutoencoderDetector(ReconstructionDetector):
    """Autoencoder: samples that are reconstructed badly are anomalies.

    Args:
        decoder: As `encoder`, from codes to samples; needed with an `encoder`. A function gets
            the shape of a sample.

    The other parameters are those of `NetworkDetector` and `OneClassDetector`. The code size is
    the last of the `hidden` widths.

    Example:
        >>> from kerasocc.estimators import AutoencoderDetector
        >>> detector = AutoencoderDetector(hidden=(64, 8), random_state=0).fit(X_train)
    """

    def _make_model(
        self, encoder: keras.Model, x: np.ndarray, options: dict[str, Any]
    ) -> Autoencoder:
        return Autoencoder(encoder, self._make_decoder(x, options["seed"]), **options)


@dataclass(kw_only=True, eq=False, repr=False)
class RobustAutoencoderDetector(ReconstructionDetector):
    """Robust autoencoder: what cannot be reconstructed of the training data goes to a noise.

    For training data with corrupted values or samples. `weight_decay` is the paper's `mu`.

    Args:
        lam: Weight of the noise, `"auto"` for one chosen from the residuals.
        norm: `"l1"` for corrupted values, `"l21"` for corrupted samples or features; None for
            `"l21"` of tables and `"l1"` of images.
        groups: `"samples"` or `"features"`; used by `"l21"` only.
        encode: What is encoded: `"residual"` or `"input"`.
        decoder: As `encoder`, from codes to samples; needed with an `encoder`.

    The other parameters are those of `NetworkDetector` and `OneClassDetector`.

    Reference:
        Zhou and Paffenroth, Anomaly Detection with Robust Deep Autoencoders, KDD 2017;
        Chalapathy et al., Robust, Deep and Inductive Anomaly Detection, ECML 2017.
    """

    lam: float | str = AUTO
    norm: str | None = None
    groups: str = "samples"
    encode: str = "residual"

    def _make_model(
        self, encoder: keras.Model, x: np.ndarray, options: dict[str, Any]
    ) -> RobustAutoencoder:
        mu = options.pop("weight_decay")
        decoder = self._make_decoder(x, options["seed"])
        usual = "l1" if x.ndim == 4 else NORM_OF_TABLES
        norm = usual if self.norm is None else self.norm
        own = dict(lam=self.lam, norm=norm, groups=self.groups, encode=self.encode)
        return RobustAutoencoder(encoder, decoder, mu=mu, **own, **options)
