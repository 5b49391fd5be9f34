"""The Dirichlet distributions that GEO scores with."""

from __future__ import annotations

import zlib

import keras

from kerasocc.callbacks.base import StateCallback
from kerasocc.checks import check_integer


class DirichletUpdate(StateCallback):
    """Fit the Dirichlet distributions of `GEO` to its outputs on the training images.

    It takes a pass over all 72 views of the training images, as long as the training steps of
    about 24 epochs, so that by default it is done once, after the last epoch. Scores before it,
    those of validation data among them, are with the Dirichlets of the last fit; before any,
    they are minus the sum of `log p_t(t(x))` over the transformations `t`.

    When the training ends otherwise, or with other weights than those of its last epoch
    (`EarlyStopping` with the best ones), they are fitted then.

    Args:
        every: Fit them after so many epochs as well, for scores of validation data that are
            those of the model; None for the end alone.
    """

    of_models = "a `GEO` or another model with Dirichlet distributions"

    def __init__(self, *, every: int | None = None):
        super().__init__()
        self.every = None if every is None else check_integer("every", every, minimum=1)
        self._fitted_with: int | None = None

    def fits(self, model):
        return hasattr(model, "fit_dirichlets")

    def on_train_begin(self, logs=None):
        self._fitted_with = None

    def on_epoch_end(self, epoch, logs=None):
        is_last = epoch + 1 == self.params.get("epochs")
        if is_last or (self.every is not None and (epoch + 1) % self.every == 0):
            self._fit()

    def finish(self):
        if self._fitted_with != self._checksum():
            self._fit()

    def _fit(self) -> None:
        self.model.fit_dirichlets()
        self._fitted_with = self._checksum()

    def _checksum(self) -> int:
        """A number that changes with the weights, those of the distributions included."""
        found = 0
        for weight in self.model.weights:
            found = zlib.crc32(keras.ops.convert_to_numpy(weight).tobytes(), found)
        return found
