"""Bias `r` of OC-NN as a quantile of the projections."""

from __future__ import annotations

import warnings

import keras
import numpy as np

from kerasocc.callbacks.base import StateCallback
from kerasocc.callbacks.collapse import report_collapse
from kerasocc.checks import check_choice, check_non_negative


class QuantileUpdate(StateCallback):
    """Set `r` of OC-NN to the `nu`-quantile of `<w, g(V phi(x))>`.

    Logs `r` and, with `update="epoch"`, `score_spread`, the standard deviation of the
    scores of the training set. After the training `r` is computed again over the whole
    training set with the final weights, for either value of `update`, and the result is
    checked: equal scores of all samples raise a `CollapseError`, and an objective without
    a lower bound is reported by a warning.

    Args:
        update: `"epoch"` computes the quantile over the whole training set at the end of
            each epoch, as in the paper; `"batch"` computes it in the compiled step over
            the global batch.
        tolerance: Standard deviation of the scores, relative to the root mean square of
            `<w, g(V phi(x))>`, below which they count as equal; float32 resolves 1e-7.
        action: What to do about equal scores: `"raise"` a `CollapseError`, `"warn"`, or
            `"log"`, which ignores them.

    Reference:
        Chalapathy et al., arXiv 1802.06360, theorem 1: for fixed `w` and `V` the
        minimising `r` is the `nu`-quantile.
    """

    def __init__(self, *, update: str = "epoch", tolerance: float = 1e-6, action: str = "raise"):
        super().__init__()
        self.update = check_choice("update", update, ["epoch", "batch"])
        self.tolerance = check_non_negative("tolerance", tolerance)
        self.action = check_choice("action", action, ["raise", "warn", "log"])

    def on_epoch_begin(self, epoch, logs=None):
        self.model.r_from_batch.assign(float(self.update == "batch"))

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

    def _set_from_training_data(self) -> np.ndarray:
        projections = self.model.training_projections()
        self.model.r.assign(np.quantile(projections, self.model.nu))
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
