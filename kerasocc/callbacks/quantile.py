"""Bias `r` of OC-NN as a quantile of the projections."""

from __future__ import annotations

import warnings

import keras
import numpy as np

from kerasocc.callbacks.base import StateCallback
from kerasocc.callbacks.collapse import report_collapse
from kerasocc.callbacks.origin import SAMPLES, warn_if_around_origin
from kerasocc.checks import check_choice, check_non_negative, check_positive
from kerasocc.losses.quantile import quantile

RATES = 10.0
"""Default `rate`, in learning rates: a step of Adam moves each of the terms of which a projection
is the sum, and `r` has to keep up with their sum."""


class QuantileUpdate(StateCallback):
    """Update `r` of OC-NN, the `nu`-quantile of `<w, g(V phi(x))>`.

    For fixed `w` and `V` the objective is smallest in `r` at this quantile. Alternating the two
    is the published procedure and not a solver of the objective: with `r` at its quantile the
    objective is `1/2 ||w||^2 + 1/2 ||V||_F^2` minus the mean of the lowest fraction `nu` of the
    projections, so `r` has to follow the weights step by step.

    - `update="joint"` minimises over `w`, `V` and `r` together. The derivative of the objective
      with respect to `r` is `share / nu - 1`, `share` being the share of the samples whose
      projection is below `r`; every step takes it from the global batch, without bias:
      `r <- r - rate * (share / nu - 1)`.
    - `update="batch"` sets `r` in every step to the quantile of the global batch, which the next
      batch is compared with. Of a next batch from the same distribution the share
      `(nu (B - 1) + 1) / (B + 1)` is expected below it, not `nu`: 0.124 instead of 0.1 for
      batches of `B = 32`.
    - `update="epoch"` computes the quantile over the whole training set at the end of each
      epoch, as in the paper. `r` is constant during an epoch.

    Whatever the update, `r` is computed again over the whole training set with the final weights
    when the training ends. The result is then checked: equal scores of all samples raise a
    `CollapseError`; an objective without a lower bound, and embeddings that lie around the
    origin (`callbacks.origin.separation_from_origin` below 0.35), are reported by a warning.

    The quantile, and the share, are those of all samples, weighted by the `sample_weight` of
    `fit`; the ones that `LatentLabels` flags count like all others.

    Logs `r` and, with `update="epoch"`, `score_spread`, the standard deviation of the scores of
    the training set.

    With an encoder that is trained, low values of the objective are no goal, because collapse
    has the lowest: choose the number of epochs in advance or by a validation set.

    Args:
        update: `"epoch"`, `"batch"` or `"joint"`.
        rate: Of `update="joint"`, in the unit of the projections; None for ten times the
            learning rate that the optimizer has when an epoch begins. At a rate that is much
            smaller than the projections move in a step, `r` stays behind and no sample is beyond
            it; at a large one `r` jumps about.
        tolerance: Standard deviation of the scores, relative to the root mean square of
            `<w, g(V phi(x))>`, below which they count as equal; float32 resolves 1e-7.
        action: What to do about equal scores: `"raise"` a `CollapseError`, `"warn"`, or
            `"log"`, which ignores them, and embeddings around the origin too.

    Raises:
        ValueError: If an argument is out of range, or a `rate` would be ignored.

    Reference:
        Chalapathy et al., arXiv 1802.06360, theorem 1: for fixed `w` and `V` the
        minimising `r` is the `nu`-quantile.
    """

    of_models = "an `OCNN` or another model with a bias `r`"

    def __init__(
        self,
        *,
        update: str = "epoch",
        rate: float | None = None,
        tolerance: float = 1e-6,
        action: str = "raise",
    ):
        super().__init__()
        self.update = check_choice("update", update, ["epoch", "batch", "joint"])
        self.rate = None if rate is None else check_positive("rate", rate)
        if rate is not None and update != "joint":
            raise ValueError(
                "`rate` must be left out unless update='joint'. Received: "
                f"rate={rate!r}, update={update!r}"
            )
        self.tolerance = check_non_negative("tolerance", tolerance)
        self.action = check_choice("action", action, ["raise", "warn", "log"])

    def fits(self, model):
        return hasattr(model, "r_from_batch")

    def on_epoch_begin(self, epoch, logs=None):
        self.model.r_from_batch.assign(float(self.update == "batch"))
        rate = 0.0
        if self.update == "joint":
            # The same for all batches of an epoch: a rate that depends on the batch would be
            # correlated with its share, and biased again.
            rate = self.rate or RATES * self.value_of(self.model.optimizer.learning_rate)
        self.model.r_rate.assign(rate)

    def on_epoch_end(self, epoch, logs=None):
        spread = {}
        if self.update == "epoch":
            spread["score_spread"] = float(np.std(self._set_from_training_data()))
        if logs is not None:
            logs.update({"r": self.value_of(self.model.r), **spread})

    def finish(self):
        projections = self._set_from_training_data()
        self._report_equal_scores(projections)
        if self.model.is_unbounded:
            self._warn_if_negative(projections)
        if self.action != "log":
            samples = self.model.training_run.subset(SAMPLES)
            warn_if_around_origin(self.model, self.model.separated_embeddings(samples))

    def _set_from_training_data(self) -> np.ndarray:
        projections = self.model.training_projections()
        weights = self.model.training_run.weights
        self.model.r.assign(quantile(projections, self.model.nu, weights))
        return projections

    def _report_equal_scores(self, projections: np.ndarray) -> None:
        size = np.sqrt(np.mean(projections**2, dtype="float64"))
        relative = projections.std(dtype="float64") / max(size, 1e-30)
        if relative >= self.tolerance:
            return
        message = (
            f"{type(self.model).__name__} gives all training samples the same score: they differ "
            f"by {relative:.1e} of <w, g(V phi)>. Pretrain the encoder (`kerasocc.pretrain`), give "
            "a trained one weight decay, lower the learning rate or train for fewer epochs. "
            "`QuantileUpdate(action='warn')` returns the model anyway."
        )
        report_collapse(message, self.action)

    def _warn_if_negative(self, projections: np.ndarray) -> None:
        """Warn if the objective, which is homogeneous in the weights, is negative."""
        losses = keras.ops.convert_to_numpy(self.model.loss_of(projections, {}))
        objective = self.value_of(self.model.weight_penalty()) + float(losses.mean())
        if objective < 0:
            warnings.warn(
                f"The objective of {self.model.name} has no lower bound: it is {objective:.3g}, "
                "and t^2 times that for weights scaled by t, so the scores depend on the number "
                "of epochs alone. Use activation='sigmoid' or normalize=True.",
                stacklevel=2,
            )
