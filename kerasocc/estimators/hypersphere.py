"""Deep SVDD and Deep SAD as scikit-learn detectors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import keras
import numpy as np

from kerasocc.checks import check_choice, check_integer
from kerasocc.defaults.training import DEEP_SVDD
from kerasocc.estimators.labels import checked_labels
from kerasocc.estimators.network_detector import NetworkDetector
from kerasocc.estimators.networks import default_decoder
from kerasocc.models.deep_sad import DeepSAD
from kerasocc.models.deep_svdd import DeepSVDD
from kerasocc.pretraining import pretrain
from kerasocc.regularizers import NoiseRegularizer, VarianceRegularizer

REGULARIZERS = ("noise", "variance")


@dataclass(kw_only=True, eq=False, repr=False)
class HypersphereDetector(NetworkDetector):
    """Base of the detectors whose model has a center.

    Args:
        regularizer: `"noise"` or `"variance"`, against collapse; None for none.
        pretrain_epochs: Epochs of an autoencoder around the encoder before the training; None
            for what `kerasocc train` takes, 100 for images and none for tables.
    """

    regularizer: str | None = None
    pretrain_epochs: int | None = None

    of_tables: ClassVar = DEEP_SVDD

    def _regularizer(self, options: dict[str, Any]) -> Any:
        if self.regularizer is None:
            return None
        check_choice("regularizer", self.regularizer, REGULARIZERS)
        if self.regularizer == "variance":
            return VarianceRegularizer()
        return NoiseRegularizer(seed=options["seed"])

    def _pretrain(self, encoder: keras.Model, x: np.ndarray, scaling: Any, seed: int) -> None:
        is_image = x.ndim == 4
        training = self._training(is_image)
        if self.pretrain_epochs is not None:
            epochs = check_integer("pretrain_epochs", self.pretrain_epochs, minimum=0)
        else:
            # An encoder of the user's has no decoder.
            epochs = 0 if self.encoder is not None else training.pretrain_epochs
        if not epochs:
            return
        if self.encoder is not None:
            raise ValueError(
                "`pretrain_epochs` must be 0 where an `encoder` is given, which has no decoder. "
                f"Received: pretrain_epochs={self.pretrain_epochs!r}"
            )
        bounded = self._chosen_preprocessing(is_image) == "min-max"
        decoder = default_decoder(
            tuple(x.shape[1:]), self._widths(is_image), bounded=bounded, seed=seed
        )
        pretrain(
            encoder,
            decoder,
            x,
            epochs=epochs,
            batch_size=training.batch_size,
            optimizer=keras.optimizers.Adam(training.learning_rate),
            preprocessing=scaling,
            weight_decay=training.weight_decay,
            seed=seed,
            verbose=self.verbose,
        )


@dataclass(kw_only=True, eq=False, repr=False)
class DeepSVDDDetector(HypersphereDetector):
    """Deep SVDD (Ruff et al., ICML 2018): the distance from a center in a learned space.

    Args:
        objective: `"one-class"` or `"soft-boundary"`.
        nu: Share of the training samples that the soft boundary leaves outside, in (0, 1].
        regularizer: `"noise"` or `"variance"`, against collapse; None for none.
        pretrain_epochs: Epochs of an autoencoder before the training; None for 100 for images
            and none for tables.

    The other parameters are those of `NetworkDetector` and `OneClassDetector`.

    Example:
        >>> from kerasocc.estimators import DeepSVDDDetector
        >>> detector = DeepSVDDDetector(random_state=0).fit(X_train)
        >>> detector.predict(X_new)  # +1 normal, -1 anomaly

    Reference:
        Ruff et al., Deep One-Class Classification, ICML 2018.
    """

    objective: str = "one-class"
    nu: float = 0.1

    def _make_model(self, encoder: keras.Model, x: np.ndarray, options: dict[str, Any]) -> DeepSVDD:
        return DeepSVDD(
            encoder,
            objective=self.objective,
            nu=self.nu,
            regularizer=self._regularizer(options),
            **options,
        )


@dataclass(kw_only=True, eq=False, repr=False)
class DeepSADDetector(HypersphereDetector):
    """Deep SAD (Ruff et al., ICLR 2020): Deep SVDD with some labelled samples.

    `y` has what is known of the samples: -1 for an anomaly, 0 for an unlabelled sample, above 0
    for a normal one. Without `y` it is Deep SVDD. Labels of an evaluation, 1 for anomalies, must
    be changed before: `fit` warns of 0 and 1 without a -1.

    Args:
        eta: Weight of the labelled samples, above 0.
        eps: What keeps the loss of labelled anomalies finite, above 0.
        regularizer: `"noise"` or `"variance"`, against collapse; None for none.
        pretrain_epochs: Epochs of an autoencoder before the training; None for 100 for images
            and none for tables.

    The other parameters are those of `NetworkDetector` and `OneClassDetector`.

    Example:
        >>> from kerasocc.estimators import DeepSADDetector
        >>> y_train = [0, 0, -1, 0, 1, ...]  # the third is a known anomaly
        >>> detector = DeepSADDetector(random_state=0).fit(X_train, y_train)

    Reference:
        Ruff et al., Deep Semi-Supervised Anomaly Detection, ICLR 2020.
    """

    eta: float = 1.0
    eps: float = 1e-6

    uses_labels: ClassVar = True

    def _checked_labels(self, y: Any, samples: np.ndarray) -> np.ndarray | None:
        return checked_labels(y, samples)

    def _make_model(self, encoder: keras.Model, x: np.ndarray, options: dict[str, Any]) -> DeepSAD:
        regularizer = self._regularizer(options)
        return DeepSAD(encoder, eta=self.eta, eps=self.eps, regularizer=regularizer, **options)
