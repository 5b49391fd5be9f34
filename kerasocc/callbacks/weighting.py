"""Adaptive weight of the anti-collapse regularizers."""

from __future__ import annotations

from kerasocc.callbacks.base import StateCallback
from kerasocc.checks import check_fraction, check_non_negative


class AdaptiveWeighting(StateCallback):
    """Weight the regularizer relative to the objective, by eq. 7 or with a fixed weight.

    `c_t = alpha * c_{t-1} + beta * (1 - alpha) * L_svdd / L_reg`. The compiled step updates
    the weight in each iteration; this callback sets the parameters of the update at the
    beginning of a training. Logs `regularization_weight`. A resumed training continues with
    the last weight.

    Args:
        alpha: Decay rate of the moving average, in [0, 1].
        beta: Target ratio of the weighted regularization term to the objective, in [0, 1].
        initial: `c_0`.
        fixed: Constant weight in place of eq. 7 (1 in the paper's ablation), or None.

    Raises:
        ValueError: If an argument is out of range.

    Reference:
        Chong et al., Simple and Effective Prevention of Mode Collapse in Deep
        One-Class Classification, IJCNN 2020, section IV-D.
    """

    of_models = "a model with a `regularizer`"

    def __init__(
        self,
        *,
        alpha: float = 0.9,
        beta: float = 0.5,
        initial: float = 0.0,
        fixed: float | None = None,
    ):
        super().__init__()
        self.alpha = check_fraction("alpha", alpha, zero=True, one=True)
        self.beta = check_fraction("beta", beta, zero=True, one=True)
        self.initial = check_non_negative("initial", initial)
        self.fixed = None if fixed is None else check_non_negative("fixed", fixed)

    def fits(self, model):
        return hasattr(getattr(model, "regularizer", None), "adaptive")

    def on_train_begin(self, logs=None):
        regularizer = self.model.regularizer
        regularizer.adaptive.assign(float(self.fixed is None))
        regularizer.alpha.assign(self.alpha)
        regularizer.beta.assign(self.beta)
        if self.fixed is not None:
            regularizer.weight.assign(self.fixed)

    def on_epoch_begin(self, epoch, logs=None):
        self.model.regularizer.begin_epoch(self.epochs_trained())
        # Not in `on_train_begin`, where `BackupAndRestore` may restore another weight later.
        if self.fixed is None and self.epochs_trained() == 0:
            self.model.regularizer.weight.assign(self.initial)

    def on_epoch_end(self, epoch, logs=None):
        if logs is not None:
            logs["regularization_weight"] = self.value_of(self.model.regularizer.weight)
