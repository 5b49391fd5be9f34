"""Schedule and storage of the noise of the robust autoencoder."""

from __future__ import annotations

import contextlib
import os
import warnings
from pathlib import Path

import numpy as np

from kerasocc.callbacks.base import StateCallback
from kerasocc.callbacks.noise_files import NoiseFiles, temporary_array
from kerasocc.checks import check_integer


class NoiseUpdate(StateCallback):
    """Update `N` of a `RobustAutoencoder` by the proximal operator of `X - rec`.

    The update covers the whole training set, in inference mode and stored order, batch by
    batch. `N` is held in memory up to 1 GiB (twice that during an update) and in a
    temporary file beyond. It is updated again after the training if the weights have
    changed since the last update: if none was due in the last epoch, or if `EarlyStopping`
    has restored other weights. Logs `noise_norm`, `||N||`, and `noise_share`, the fraction
    of nonzero entries (`"l1"`), samples or features (`"l21"`).

    A training that is resumed in another process (`BackupAndRestore`, `load_weights`, a
    loaded model) needs the `N` that belongs to its weights. With `folder` it is read from
    there, and the training equals an uninterrupted one. Without `folder` it is computed
    from the restored weights and `N = 0`. The result is the same if `encode="input"` and an
    update was due in the last epoch; otherwise it differs, and a warning is issued.

    Args:
        every: Number of epochs, counted over all calls of `fit`, between two updates.
        folder: Folder for the last two files `noise-<epoch>-<fingerprint of the
            data>.npy`, preferably next to the backup. A large `N` is memory-mapped there.

    Raises:
        ValueError: If an argument is out of range; at the beginning of a training, if
            `folder` holds the noise of other data only.

    Warns:
        UserWarning: If a resumed training differs from an uninterrupted one, and if all of
            `N` is 0 after a training, because the given `lam` is too large.

    Reference:
        Zhou and Paffenroth, Anomaly Detection with Robust Deep Autoencoders, KDD
        2017, algorithm 1.
    """

    of_models = "a `RobustAutoencoder`"

    def __init__(self, *, every: int = 1, folder: str | os.PathLike | None = None):
        super().__init__()
        self.every = check_integer("every", every, minimum=1)
        self.folder = None if folder is None else Path(folder)
        self._is_initialized = False

    def fits(self, model):
        return hasattr(model, "has_noise")

    def on_train_begin(self, logs=None):
        self._is_initialized = False

    def on_epoch_begin(self, epoch, logs=None):
        # Not in `on_train_begin`, where `BackupAndRestore` may restore other weights later.
        self._initialize()

    def on_epoch_end(self, epoch, logs=None):
        if not self.model.has_noise:
            return
        if self.epochs_trained() % self.every == 0:
            self._update_noise()
        if logs is not None:
            noise = self.model.training_noise
            logs["noise_norm"], logs["noise_share"] = noise.norm, noise.share

    def finish(self):
        self._initialize()
        trained = self.epochs_trained()
        if not self.model.has_noise or not trained:
            return
        noise = self.model.training_noise
        if trained != noise.epoch:
            self._update_noise()
        if not noise.share and not self.model.chooses_lam:
            warnings.warn(
                "The noise of all training data is 0: no residual exceeds lam / 2, so the model "
                "is a plain autoencoder and all `noise_scores` are equal. Lower `lam` (see "
                f"`RobustAutoencoder`). Received: lam={self.model.lam:g}",
                stacklevel=2,
            )

    def _initialize(self) -> None:
        """Load or compute the noise that belongs to the weights, once per training."""
        if self._is_initialized or not self.model.has_noise:
            return
        self._is_initialized = True
        noise, trained = self.model.training_noise, self.epochs_trained()
        if noise.values is not None and noise.epoch <= trained:
            return
        noise.clear()
        found = self._found_by_chief(trained)
        if found is not None:
            noise.set(*found)
        elif trained >= self.every and not noise.replaced:
            if self.model.encode != "input" or trained % self.every:
                warnings.warn(self._missing_message(trained), stacklevel=2)
            self._update_noise()

    def _found_by_chief(self, trained: int) -> tuple[np.ndarray, int] | None:
        """The noise in the folder of the chief, and its epoch; None if there is none."""
        workers, found = self.model.training_run.workers, None
        if self._writes:
            found = self._files().latest(trained)
        if workers.count == 1:
            return found
        epoch = int(workers.gathered(-1 if found is None else found[1])[0])
        return None if epoch < 0 else (workers.array_of(0, found and found[0]), epoch)

    @property
    def _writes(self) -> bool:
        """Whether this process has the folder; of several, the chief alone."""
        return self.folder is not None and self.model.training_run.workers.is_chief

    def _missing_message(self, trained: int) -> str:
        place = f"in {str(self.folder)!r}" if self.folder else "in memory"
        return (
            f"The model has been trained for {trained} epochs, but the noise of its training "
            f"data is not {place}. It is computed from the weights and N = 0, so the training "
            "differs from an uninterrupted one. Pass `NoiseUpdate(folder=...)` to every part "
            "of a training."
        )

    def _update_noise(self) -> None:
        trained, shape = self.epochs_trained(), self.model.training_noise.shape
        with self._destination(trained, shape) as values:
            self.model.update_noise(values, trained)

    def _destination(
        self, trained: int, shape: tuple[int, ...]
    ) -> contextlib.AbstractContextManager[np.ndarray]:
        """An array to write the noise to, in memory or in the folder."""
        if not self._writes:
            return contextlib.nullcontext(temporary_array(shape))
        return self._files().new_version(trained, shape)

    def _files(self) -> NoiseFiles:
        return NoiseFiles(self.folder, self.model.training_noise.fingerprint)
