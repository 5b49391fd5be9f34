"""`NetworkDetector`: a detector whose model is a network that is trained."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import keras
import numpy as np

from kerasocc.checks import check_integer, check_positive
from kerasocc.defaults.training import IMAGES, Training, epochs_of_steps
from kerasocc.estimators.detector import OneClassDetector
from kerasocc.estimators.networks import Network, default_encoder, own_network
from kerasocc.models.base import OneClassModel


@dataclass(kw_only=True, eq=False, repr=False)
class NetworkDetector(OneClassDetector):
    """Base of the detectors that train a network.

    Args:
        encoder: A function from the shape of a sample to a Keras model, or a Keras model, of
            which every `fit` trains a copy. None for an MLP for tables and a LeNet for images.
        hidden: Widths of that MLP, the code last. None for the usual ones of the method.
        epochs: Number of epochs, in place of `steps`.
        steps: Number of steps, rounded up to whole epochs. None, as `epochs`, for what
            `kerasocc train` takes for the method.
        batch_size: Samples per step; None for that of `kerasocc train`, mostly 128.
        learning_rate: Of Adam; None for that of `kerasocc train`, 1e-3.
        weight_decay: Of the model; None for that of `kerasocc train`.
        preprocessing: See `OneClassDetector`.
        contamination: See `OneClassDetector`.
        fpr: See `OneClassDetector`.
        held_out: See `OneClassDetector`.
        random_state: See `OneClassDetector`.
        verbose: See `OneClassDetector`.
    """

    encoder: Network | None = None
    hidden: Sequence[int] | None = None
    epochs: int | None = None
    steps: int | None = None
    batch_size: int | None = None
    learning_rate: float | None = None
    weight_decay: float | None = None

    of_tables: ClassVar[Training]
    """How the method is trained on tables unless the parameters say so."""
    of_images: ClassVar[Training] = IMAGES
    """The same for images."""

    # What a subclass defines.

    def _make_model(
        self, encoder: keras.Model, x: np.ndarray, options: dict[str, Any]
    ) -> OneClassModel:
        """The untrained model.

        Args:
            encoder: What `_make_encoder` returned.
            x: Training samples.
            options: Arguments that all models share.
        """
        raise NotImplementedError

    def _make_encoder(self, x: np.ndarray, seed: int) -> keras.Model:
        is_image = x.ndim == 4
        kind = self._training(is_image).of_network()
        return default_encoder(tuple(x.shape[1:]), self._widths(is_image), seed=seed, **kind)

    def _callbacks(self) -> list[keras.callbacks.Callback]:
        """Callbacks of the training beside those that the model has of its own."""
        return []

    def _fit_options(self, x: np.ndarray, seed: int) -> dict[str, Any]:
        """Arguments of the model's `fit` that other models do not take."""
        return {}

    def _pretrain(self, encoder: keras.Model, x: np.ndarray, scaling: Any, seed: int) -> None:
        """What happens before the model is made."""

    # What they share.

    def _usual_preprocessing(self, is_image: bool) -> str:
        return self._training(is_image).preprocessing

    def _training(self, is_image: bool) -> Training:
        """How the model is trained: the defaults, and what the parameters change."""
        usual = self.of_images if is_image else self.of_tables
        if self.epochs is not None and self.steps is not None:
            raise ValueError(
                "`epochs` must be None where `steps` are given. Received: "
                f"epochs={self.epochs!r}, steps={self.steps!r}"
            )
        changed: dict[str, Any] = {}
        if self.epochs is not None:
            epochs = check_integer("epochs", self.epochs, minimum=1)
            changed |= {"epochs": epochs, "steps": None}
        if self.steps is not None:
            changed |= {"epochs": None, "steps": check_integer("steps", self.steps, minimum=1)}
        if self.batch_size is not None:
            changed["batch_size"] = check_integer("batch_size", self.batch_size, minimum=1)
        if self.learning_rate is not None:
            changed["learning_rate"] = check_positive("learning_rate", self.learning_rate)
        if self.weight_decay is not None:
            changed["weight_decay"] = self.weight_decay
        return usual._replace(**changed)

    def _widths(self, is_image: bool) -> Sequence[int] | None:
        if self.hidden is None:
            return (self.of_images if is_image else self.of_tables).hidden
        if np.ndim(self.hidden) != 1 or not len(self.hidden):
            raise ValueError(
                f"`hidden` must hold widths, such as (128, 64). Received: hidden={self.hidden!r}"
            )
        return self.hidden

    def _fitted_model(
        self, x: np.ndarray, y: np.ndarray | None, sample_weight: np.ndarray | None, seed: int
    ) -> tuple[OneClassModel, dict[str, list[float]]]:
        training = self._training(x.ndim == 4)
        if self.encoder is not None and self.hidden is not None:
            raise ValueError(
                "`hidden` must be None where an `encoder` is given. Received: "
                f"hidden={self.hidden!r}"
            )
        options = self._model_options(x, seed)
        if self.encoder is None:
            encoder = self._make_encoder(x, seed)
        else:
            encoder = own_network("encoder", self.encoder, tuple(x.shape[1:]))
        self._pretrain(encoder, x, options["preprocessing"], seed)
        model = self._make_model(encoder, x, {**options, "weight_decay": training.weight_decay})
        model.compile(optimizer=keras.optimizers.Adam(training.learning_rate))
        epochs = training.epochs
        if epochs is None:
            epochs = epochs_of_steps(training.steps, len(x), training.batch_size)
        history = model.fit(
            x,
            y,
            sample_weight=sample_weight,
            batch_size=training.batch_size,
            epochs=epochs,
            callbacks=self._callbacks(),
            verbose=self.verbose,
            **self._fit_options(x, seed),
        )
        return model, {name: list(map(float, found)) for name, found in history.history.items()}
