"""One phase of a run: a `fit` that can be interrupted at any moment."""

from __future__ import annotations

import time
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import keras

from kerasocc.datasets import OneClassDataset
from kerasocc.files import read_json, write_json
from kerasocc.models.base import OneClassModel

History = dict[str, list[float]]
"""Values per epoch, by name."""

SECONDS_BETWEEN_BACKUPS = 1.0
BACKUP_SHARE = 0.05
"""Share of the training time that backups may take."""


class Phase(NamedTuple):
    """What a phase trains, and how."""

    name: str
    model: OneClassModel
    epochs: int
    batch_size: int
    learning_rate: float
    optimizer: str = "adam"
    """Its name in Keras."""
    drop_at: tuple[int, ...] = ()
    """Epochs after which the learning rate is divided by 10."""
    keep_best: bool = False
    """Whether it ends with the weights of the epoch with the highest validation AUC."""
    keeps_files: bool = False
    """Whether a callback keeps files that belong to the weights of the last epochs."""
    outliers: Any = None
    """Auxiliary outliers, or None."""
    outlier_fraction: float = 0.5
    """Their share of a batch."""


def run_phase(
    phase: Phase,
    data: OneClassDataset,
    backup: Path,
    callbacks: list[keras.callbacks.Callback] | None = None,
) -> History:
    """Train, from where an earlier process has stopped if there was one.

    All that the outcome depends on is in the weights that are backed up: those of
    the model and of the optimizer, the center, and the number of epochs, which
    gives the order of the samples and the learning rate.

    Args:
        phase: What to train.
        data: Training samples, with labels for a model that uses them, and validation
            samples to choose the best epoch by.
        backup: Folder of the backups.
        callbacks: For `fit`.

    Returns:
        Loss, learning rate, seconds and what the model logs, per epoch. The
        seconds are those of the training alone.

    Raises:
        ValueError: If the backup cannot be read or belongs to other settings.
    """
    optimizer = {"class_name": phase.optimizer, "config": {"learning_rate": phase.learning_rate}}
    phase.model.compile(optimizer=keras.optimizers.get(optimizer))
    interval = 0.0 if phase.keeps_files else SECONDS_BETWEEN_BACKUPS
    backups = EpochBackup(backup, phase.name, phase.epochs, interval)
    # A model without a network learns the shape of its samples from them alone.
    phase.model.build_by_call((None, *data.x_train.shape[1:]))
    best = backup / f"{phase.name}.best.weights.h5"
    backups.restore(phase.model, [best] if phase.keep_best else [])

    def rate(epoch: int, _: float) -> float:
        return phase.learning_rate / 10 ** sum(epoch >= drop for drop in phase.drop_at)

    # A finished phase passes through `fit` without an epoch: the state that is
    # computed after the last one is computed again.
    best_epoch = [BestEpoch(best, backups)] if phase.keep_best else []
    phase.model.fit(
        data.x_train,
        data.y_train if phase.model.uses_labels else None,
        batch_size=phase.batch_size,
        epochs=phase.epochs,
        initial_epoch=_epochs_trained(phase.model),
        validation_data=(data.x_val, data.y_val) if phase.keep_best else None,
        verbose=0,
        outliers=phase.outliers,
        outlier_fraction=phase.outlier_fraction,
        callbacks=[
            keras.callbacks.LearningRateScheduler(rate),
            *best_epoch,
            backups,
            *(callbacks or []),
        ],
    )
    return backups.history


class EpochBackup(keras.callbacks.Callback):
    """Save the state after the last epoch, and at intervals before.

    Args:
        folder: Of the backups.
        name: Of the phase, for the names of the files.
        epochs: Number of epochs, those finished by an earlier process included.
        interval: Seconds between two backups, at least; 0 for one after every epoch.

    Attributes:
        history: The logs of all epochs, those of earlier processes included.
    """

    def __init__(self, folder: Path, name: str, epochs: int, interval: float):
        super().__init__()
        self.history: History = {}
        self._name = name
        self._epochs = epochs
        self._weights_file = folder / f"{name}.weights.h5"
        self._history_file = folder / f"{name}.history.json"
        self._saved = time.monotonic()
        self._shortest_interval = self._interval = interval
        self._restored = False

    def restore(self, model: OneClassModel, beside: Sequence[Path] = ()) -> None:
        """Bring a compiled model to the state of the last backup, if there is one.

        A backup that is damaged is removed, with a warning: the phase begins anew.

        Args:
            model: The model.
            beside: Other files of weights that the phase needs.

        Raises:
            ValueError: If the backup belongs to other settings.
        """
        if not self._weights_file.exists():
            return
        model.build_optimizer()
        state = [*model.weights, *model.optimizer.variables]
        untrained = [(weight, keras.ops.convert_to_numpy(weight)) for weight in state]
        files = [self._weights_file, self._history_file, *beside]
        try:
            for file in beside:
                self._load(model, file)
            self._load(model, self._weights_file)
            self.history = self._history_until(_epochs_trained(model))
        except DamagedBackup as damage:
            for weight, value in untrained:
                weight.assign(value)
            for file in files:
                file.unlink(missing_ok=True)
            warnings.warn(f"{damage} This phase of the run begins anew.", stacklevel=2)
            return
        self._restored = True

    def _load(self, model: OneClassModel, file: Path) -> None:
        # Keras 3.15 does this while it loads, but does not promise to.
        try:
            model.load_weights(file)
        except (OSError, KeyError, RuntimeError) as error:
            raise DamagedBackup(f"The backup {file} cannot be read: {error}.") from error
        except ValueError as error:
            # Keras goes on with the values of the weights.
            cause = str(error).partition("\n")[0]
            raise ValueError(
                f"The backup {file} does not fit: {cause} Delete the folder "
                f"{str(file.parent)!r} to begin the run anew."
            ) from error

    def on_train_begin(self, logs=None):
        if self._restored:
            # Callbacks have just reset the state that they own.
            self._load(self.model, self._weights_file)

    def on_epoch_begin(self, epoch, logs=None):
        self._begun = time.monotonic()

    def on_epoch_end(self, epoch, logs=None):
        now = time.monotonic()
        entries = {**(logs or {}), "seconds": now - self._begun}
        for name, value in entries.items():
            self.history.setdefault(name, []).append(float(value))
        if epoch + 1 == self._epochs or now - self._saved >= self._interval:
            self._save()
            self._saved = time.monotonic()
            if self._shortest_interval:
                self._interval = max(self._shortest_interval, (self._saved - now) / BACKUP_SHARE)

    def _save(self) -> None:
        # The history first: one that is ahead of the weights can be cut.
        write_json(self._history_file, self.history)
        self.model.save_weights(self._weights_file)

    def _history_until(self, epochs: int) -> History:
        try:
            history = read_json(self._history_file)
            if any(len(values) < epochs for values in history.values()):
                raise ValueError(f"{self._history_file} holds fewer than {epochs} epochs")
            return {name: values[:epochs] for name, values in history.items()}
        except (OSError, ValueError, AttributeError, TypeError) as error:
            raise DamagedBackup(f"The backup cannot be read: {error}.") from error


class DamagedBackup(Exception):
    """A file of a backup is not what was written."""


class BestEpoch(keras.callbacks.Callback):
    """Restore the weights of the epoch with the highest `val_auc`, the first of several.

    It stands before the backup: a file of the best weights that is ahead of the backup is
    written again, one that is behind it would stay so.

    Args:
        file: Of the best weights so far.
        backups: Has the logs of all epochs, those of earlier processes included.
    """

    def __init__(self, file: Path, backups: EpochBackup):
        super().__init__()
        self._file = file
        self._backups = backups

    def on_epoch_end(self, epoch, logs=None):
        earlier = self._backups.history.get("val_auc", [])
        if logs["val_auc"] > max(earlier, default=-1.0):
            self.model.save_weights(self._file)

    def on_train_end(self, logs=None):
        self.model.load_weights(self._file)


def _epochs_trained(model: OneClassModel) -> int:
    return int(keras.ops.convert_to_numpy(model.epochs_trained))
