"""The noise of the robust autoencoder: when its proximal step is made, and where it is kept."""

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
    """Set `N` of a `RobustAutoencoder` to the proximal step on `X - rec`.

    It is made over the whole training set, in inference mode and stored order, batch
    by batch. Up to 1 GiB `N` is held in memory (while it is computed, twice), beyond
    in a temporary file. After the training it is made once more if the weights are not
    those of the last step: if that epoch was not due, or `EarlyStopping` restored
    others. Logs `noise_norm`, `||N||`, and `noise_share`, the fraction of the entries
    (`"l1"`), samples or features (`"l21"`) that are not 0.

    A training that is resumed in another process (`BackupAndRestore`, `load_weights`,
    a loaded model) needs the `N` that belonged to its weights. With `folder` it is
    read from there, and the training equals an uninterrupted one. Without, it is
    computed from the restored weights and `N = 0`: the same with `encode="input"` if a
    step was due in the last epoch, something else otherwise, with a warning.

    Args:
        every: Epochs, counted over all fits, between two steps.
        folder: Where to keep `noise-<epoch>-<fingerprint of the data>.npy`, the last
            two of them; best beside the backup. A large `N` is memory-mapped there.

    Raises:
        ValueError: If an argument is out of range; when a training begins, if `folder`
            holds the noise of other data only.

    Warns:
        UserWarning: If a resumed training cannot go on as it would have; and after a
            training at whose end `N` is 0 throughout: `lam` is too large.

    Reference:
        Zhou and Paffenroth, Anomaly Detection with Robust Deep Autoencoders, KDD
        2017, algorithm 1.
    """

    def __init__(self, *, every: int = 1, folder: str | os.PathLike | None = None):
        super().__init__()
        self.every = check_integer("every", every, minimum=1)
        self.folder = None if folder is None else Path(folder)
        self._has_begun = False

    def on_train_begin(self, logs=None):
        self._has_begun = False

    def on_epoch_begin(self, epoch, logs=None):
        # After all `on_train_begin`, among which a backup may be restored.
        self._begin()

    def on_epoch_end(self, epoch, logs=None):
        if not self.model.has_noise:
            return
        if self.epochs_trained() % self.every == 0:
            self._update()
        if logs is not None:
            noise = self.model.training_noise
            logs["noise_norm"], logs["noise_share"] = noise.norm, noise.share

    def finish(self):
        self._begin()
        trained = self.epochs_trained()
        if not self.model.has_noise or not trained:
            return
        noise = self.model.training_noise
        if trained != noise.epoch:
            self._update()
        if not noise.share:
            warnings.warn(
                "The noise of the training data is 0 throughout: no residual exceeds lam / 2, so "
                "the model is a plain autoencoder and `noise_scores` are all equal. Lower `lam` "
                f"(see `RobustAutoencoder`). Received: lam={self.model.lam:g}",
                stacklevel=2,
            )

    def _begin(self) -> None:
        """Find the noise that belongs to the weights, once in a training."""
        if self._has_begun or not self.model.has_noise:
            return
        self._has_begun = True
        noise, trained = self.model.training_noise, self.epochs_trained()
        if noise.values is not None and noise.epoch <= trained:
            return
        noise.clear()
        found = self._files().latest(trained) if self.folder else None
        if found is not None:
            noise.set(*found)
        elif trained >= self.every and not noise.replaced:
            if self.model.encode != "input" or trained % self.every:
                warnings.warn(self._missing(trained), stacklevel=2)
            self._update()

    def _missing(self, trained: int) -> str:
        place = f"in {str(self.folder)!r}" if self.folder else "in memory"
        return (
            f"The model has been trained for {trained} epochs, but the noise of its training "
            f"data is not {place}. It is computed from the weights and N = 0: the training goes "
            "on, but not as it would have without the interruption. Pass "
            "`NoiseUpdate(folder=...)` to every part of a training."
        )

    def _update(self) -> None:
        trained, shape = self.epochs_trained(), self.model.training_noise.shape
        with self._room(trained, shape) as room:
            self.model.update_noise(room, trained)

    def _room(
        self, trained: int, shape: tuple[int, ...]
    ) -> contextlib.AbstractContextManager[np.ndarray]:
        if self.folder is None:
            return contextlib.nullcontext(temporary_array(shape))
        return self._files().new_version(trained, shape)

    def _files(self) -> NoiseFiles:
        return NoiseFiles(self.folder, self.model.training_noise.fingerprint)
