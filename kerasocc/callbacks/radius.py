"""Radius of soft-boundary Deep SVDD as a quantile of the distances."""

from __future__ import annotations

import numpy as np

from kerasocc.callbacks.base import StateCallback
from kerasocc.checks import check_choice, check_integer
from kerasocc.losses.quantile import quantile


class RadiusUpdate(StateCallback):
    """Set the radius `R` to the `(1 - nu)`-quantile of `||phi(x) - c||`.

    During the warm-up `R` is 0, which makes the objective the one-class objective scaled
    by `1/nu`. After the training `R` is computed again over the whole training set with
    the final weights, for either value of `update`. Logs `radius`.

    The quantile is that of all training samples, weighted by the `sample_weight` of `fit`.
    Samples that `LatentLabels` flags count like all others, though they have another loss:
    `nu` bounds the share of the whole training set beyond the sphere, the assumed anomalies
    included, and the decision threshold 0 does not depend on which samples are flagged.

    Args:
        warmup_epochs: Number of epochs, counted over all calls of `fit`, with `R = 0`.
        update: `"epoch"` computes the quantile over the whole training set at the end of
            each epoch; `"batch"` computes it in the compiled step over the global batch,
            as in the authors' code.

    Reference:
        Ruff et al., Deep One-Class Classification, ICML 2018, section 3.3: the
        line search for `R`, given the network, has the quantile as its solution.
    """

    of_models = "a `DeepSVDD` or another model with a radius"

    def __init__(self, *, warmup_epochs: int = 10, update: str = "epoch"):
        super().__init__()
        self.warmup_epochs = check_integer("warmup_epochs", warmup_epochs, minimum=0)
        self.update = check_choice("update", update, ["epoch", "batch"])

    def fits(self, model):
        return hasattr(model, "radius_from_batch")

    def on_train_begin(self, logs=None):
        if self._warming_up():
            self.model.radius.assign(0.0)

    def on_epoch_begin(self, epoch, logs=None):
        per_batch = self.update == "batch" and not self._warming_up()
        self.model.radius_from_batch.assign(float(per_batch))

    def on_epoch_end(self, epoch, logs=None):
        if self.update == "epoch" and not self._warming_up():
            self._set_from_training_data()
        if logs is not None:
            logs["radius"] = self.value_of(self.model.radius)

    def finish(self):
        self._set_from_training_data()

    def _warming_up(self) -> bool:
        return self.epochs_trained() < self.warmup_epochs

    def _set_from_training_data(self) -> None:
        run = self.model.training_run
        distance = np.sqrt(run.map("distance"))
        self.model.radius.assign(quantile(distance, 1.0 - self.model.nu, run.weights))
