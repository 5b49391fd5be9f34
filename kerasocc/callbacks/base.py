"""What a callback may touch of a model, and the callbacks that own model state."""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol

import keras
import numpy as np


class Measured(NamedTuple):
    """The training samples as `LatentLabels` sees them, in stored order.

    Attributes:
        values: One per sample, shape `(samples,)`.
        candidates: Whether a sample is unlabelled, shape `(samples,)`, bool; None for all.
    """

    values: np.ndarray
    candidates: np.ndarray | None


class TrainingModel(Protocol):
    """The side of a model that callbacks use while it trains."""

    epochs_trained: Any
    """Weight: epochs finished over all fits, also the interrupted ones."""
    flagged_share: Any
    """Weight: share of a batch that the step takes for anomalies."""

    def over_training_data(self, method: str) -> np.ndarray:
        """Apply a method to the whole training set, in inference mode and order."""

    def training_ranking(self) -> Measured | None:
        """What `LatentLabels` ranks the training samples by; None for data without an end."""

    def training_losses(self) -> Measured | None:
        """Their losses `L_n`; None for data without an end."""

    def training_size(self) -> int | None:
        """Number of the training samples, where it is known without reading them."""

    def training_sample(self, size: int) -> np.ndarray:
        """Up to `size` training samples, the same ones at every call."""

    def embed(self, x: Any) -> np.ndarray:
        """Embeddings of samples, shape `(samples, d)`."""


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


def arrange(
    defaults: list[StateCallback],
    users: list[keras.callbacks.Callback],
    last: StateCallback,
) -> list[keras.callbacks.Callback]:
    """Order callbacks: those that own state first, the user's in place of defaults.

    Args:
        defaults: Run first, unless the user passes others of their kind.
        users: What the user passed.
        last: Runs when the state that the others own is settled.
    """
    owned = [c for c in users if isinstance(c, StateCallback)]
    kinds = {c.kind for c in owned}
    rest = [c for c in users if not isinstance(c, StateCallback)]
    return [*(c for c in defaults if c.kind not in kinds), *owned, last, *rest]
