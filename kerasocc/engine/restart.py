"""Where an interrupted training goes on, the same for all processes that train a model."""

from __future__ import annotations

import contextlib
import json
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np

from kerasocc.callbacks.base import StateCallback
from kerasocc.engine.keras_contract import (
    first_epoch,
    set_first_epoch,
    weights_file_in_memory,
)
from kerasocc.engine.strategy_contract import outside_of_workers
from kerasocc.engine.workers import Workers


class Restart(StateCallback):
    """Have all processes begin with the same weights and epoch, and end together.

    Runs after the callbacks of the user. A backup consists of two files, the weights and the
    number of the epoch. A process that was killed between them leaves the number of the epoch
    before, but the weights hold how many epochs they have been trained for.

    Args:
        workers: The processes.
        initial_epoch: As given to `fit`.
        users: The callbacks of the user.
    """

    def __init__(self, workers: Workers, initial_epoch: int, users: list[keras.callbacks.Callback]):
        super().__init__()
        self._workers = workers
        self._initial_epoch = initial_epoch
        backups = [c for c in users if isinstance(c, keras.callbacks.BackupAndRestore)]
        self._has_backup = bool(backups)
        if workers.is_chief:
            for backup in backups:
                _drop_torn_number(backup)

    def set_model(self, model):
        super().set_model(model)
        self._trained_before = self.epochs_trained()

    def on_train_begin(self, logs=None):
        trained = self.epochs_trained()
        if self._has_backup and trained > self._trained_before:
            set_first_epoch(self.model, self._initial_epoch + trained - self._trained_before)
        if self._workers.count > 1:
            source = agree_on_weights(self._workers, self.model)
            epoch = first_epoch(self.model, self._initial_epoch)
            set_first_epoch(self.model, int(self._workers.gathered(epoch)[source]))

    def on_epoch_end(self, epoch, logs=None):
        if self._workers.count > 1:
            # One that went on alone would wait for the others for ever.
            stops = self._workers.gathered(float(self.model.stop_training))
            self.model.stop_training = bool(stops.any())


def agree_on_weights(workers: Workers, model: Any) -> int:
    """Give all processes the weights that have been trained longest, the optimizer's state too.

    Returns:
        The number of the process that they come from; 0 where all are equal.
    """
    if workers.count == 1:
        return 0
    trained = float(keras.ops.convert_to_numpy(model.epochs_trained))
    found = workers.gathered([trained, _checksum(model)])
    if (found == found[0]).all():
        return 0
    source = int(found[:, 0].argmax())
    memory = weights_file_in_memory()
    if workers.number == source:
        outside_of_workers(keras.Model.save_weights, model, memory)
    content = workers.array_of(source, np.frombuffer(memory.getbuffer(), "uint8"))
    if workers.number != source:
        memory.write(content.tobytes())
        memory.seek(0)
        model.load_weights(memory)
    return source


def _checksum(model: Any) -> int:
    checksum = 0
    for weight in [*model.weights, *(model.optimizer.variables if model.optimizer else [])]:
        values = np.ascontiguousarray(keras.ops.convert_to_numpy(weight))
        checksum = zlib.crc32(values.reshape(-1).view("uint8"), checksum)
    return checksum


def _drop_torn_number(callback: keras.callbacks.BackupAndRestore) -> None:
    """Delete the number of the epoch beside a backup if the process was killed as it wrote it.

    The weights are written before, completely or not at all, and hold the number as well.
    """
    path = Path(callback.backup_dir) / "training_metadata.json"
    if not path.is_file():
        return
    try:
        json.loads(path.read_text())
    except ValueError:
        path.unlink()


def _writes_files(callback: keras.callbacks.Callback) -> bool:
    """Whether a callback is one of Keras's that write files and change nothing of a training."""
    names = ("BackupAndRestore", "ModelCheckpoint", "CSVLogger", "TensorBoard")
    return isinstance(callback, tuple(getattr(keras.callbacks, name) for name in names))


def of_this_process(
    workers: Workers, callbacks: list[keras.callbacks.Callback]
) -> list[keras.callbacks.Callback]:
    """The callbacks without those that write files, which the chief alone does."""
    if workers.is_chief:
        return callbacks
    return [callback for callback in callbacks if not _writes_files(callback)]


@contextlib.contextmanager
def lost_workers_named(workers: Workers) -> Iterator[None]:
    """Say in one line that another process has ended.

    Raises:
        ConnectionError: In place of an error of TensorFlow about its connections.
    """
    if workers.count == 1:
        yield
        return
    import tensorflow as tf

    lost = (tf.errors.UnavailableError, tf.errors.AbortedError, tf.errors.CancelledError)
    try:
        yield
    except lost as error:
        raise ConnectionError(
            f"Another of the {workers.count} workers has ended, or cannot be reached, so worker "
            f"{workers.number} cannot go on. Start all of them again; with `BackupAndRestore` "
            "they continue from the last finished epoch."
        ) from error
