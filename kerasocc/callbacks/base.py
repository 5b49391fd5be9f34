"""What a callback may touch of a model, and the callbacks that own model state."""

from __future__ import annotations

from typing import Any, Protocol

import keras
import numpy as np


class TrainingRun(Protocol):
    """The side of a running `fit` that callbacks use."""

    source: Any
    """The training samples; `source.num_samples` is their number, None if unknown."""
    flags: np.ndarray | None
    """Which samples are taken for anomalies, shape `(samples,)`, 0 or 1, float32."""

    weights: np.ndarray | None
    """Weights of the samples that `map` has gone through, shape `(samples,)`; None without."""

    workers: Any
    """The processes that train together: `workers.is_chief`, `workers.array_of`."""

    def map(self, method: str) -> np.ndarray:
        """Apply a method of the model to the training set, in inference mode and stored order."""

    def measure(self, method: str) -> tuple[np.ndarray, np.ndarray | None] | None:
        """As `map`, and which samples are unlabelled (None for all); None for endless data."""

    def subset(self, count: int) -> np.ndarray:
        """Up to `count` training samples, the same ones at every call."""


class TrainingModel(Protocol):
    """The side of a model that callbacks use while it trains."""

    epochs_trained: Any
    """Weight: epochs finished over all fits, also the interrupted ones."""
    flagged_share: Any
    """Weight: share of a batch that the step takes for anomalies."""
    flagged_ratio: Any
    """Weight: the same as numerator and denominator, which the step computes with."""
    training_run: TrainingRun
    """The running `fit`."""

    can_leave_collapse: bool
    """Whether the objective may lead a network away that maps all samples to one point."""

    def embeddings_to_monitor(self, x: Any) -> np.ndarray:
        """Embeddings of samples whose spread is followed, shape `(samples, d)`."""

    def embeddings_in_training_mode(self, x: np.ndarray) -> np.ndarray | None:
        """Embeddings by the statistics of their batch, shape `(samples, d)`, or None."""

    def batch_norms(self) -> list[Any]:
        """Layers that score with moving statistics of the training."""


class StateCallback(keras.callbacks.Callback):
    """A callback that owns part of a model's state.

    Such callbacks run before all others, so that what `BackupAndRestore` and
    `ModelCheckpoint` write is the state of the finished epoch. One that the
    user passes replaces the default one of its kind.
    """

    @property
    def kind(self) -> type:
        """The class directly below `StateCallback`: two of one kind exclude each other."""
        lineage = type(self).__mro__
        return lineage[lineage.index(StateCallback) - 1]

    of_models: str = "a model that has what it updates"
    """Models that have what the callback updates, in words."""

    def fits(self, model: Any) -> bool:
        """Whether a model has what the callback updates."""
        return True

    def check_model(self, model: Any) -> None:
        """Raise `ValueError` unless a model has what the callback updates."""
        if not self.fits(model):
            raise ValueError(
                f"`{type(self).__name__}` must be passed to the `fit` of {self.of_models}. "
                f"Received: {type(model).__name__} {model.name!r}"
            )

    def epochs_trained(self) -> int:
        """Epochs that the model has finished over all fits."""
        return int(self.value_of(self.model.epochs_trained))

    @staticmethod
    def value_of(weight: Any) -> float:
        """The value of a scalar weight, whatever the backend and the strategy."""
        return float(keras.ops.convert_to_numpy(weight))

    def finish(self) -> None:
        """Bring the state up to the final weights.

        Called after `on_train_end` of all callbacks, `EarlyStopping` with its
        best weights included.
        """
