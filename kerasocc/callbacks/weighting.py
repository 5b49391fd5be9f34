"""The adaptive weight of the anti-collapse regularizers."""

from __future__ import annotations

from kerasocc.callbacks.base import StateCallback
from kerasocc.checks import check_fraction, check_non_negative


class AdaptiveWeighting(StateCallback):
    """Weigh the regularizer against the objective, eq. 7 or a fixed weight.

    `c_t = alpha * c_{t-1} + beta * (1 - alpha) * L_svdd / L_reg`. The update runs
    inside the compiled step at every iteration; this callback sets its parameters
    when a training begins, and logs `regularization_weight` after every epoch. A
    resumed training goes on with the weight it had.

    Args:
        alpha: How much of the weight is kept from iteration to iteration, in [0, 1].
        beta: Which share of the objective the regularizer is to have, in [0, 1].
        initial: `c_0`.
        fixed: A weight that stays instead (1 in the paper's ablation), or None.

    Raises:
        ValueError: If an argument is out of range.

    Reference:
        Chong et al., Simple and Effective Prevention of Mode Collapse in Deep
        One-Class Classification, IJCNN 2020, section IV-D.
    """

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

    def on_train_begin(self, logs=None):
        regularizer = self.model.regularizer
        regularizer.adaptive.assign(float(self.fixed is None))
        regularizer.alpha.assign(self.alpha)
        regularizer.beta.assign(self.beta)
        if self.fixed is not None:
            regularizer.weight.assign(self.fixed)

    def on_epoch_begin(self, epoch, logs=None):
        self.model.regularizer.begin_epoch(self.epochs_trained())
        # After all `on_train_begin`, among which a backup may be restored.
        if self.fixed is None and self.epochs_trained() == 0:
            self.model.regularizer.weight.assign(self.initial)

    def on_epoch_end(self, epoch, logs=None):
        if logs is not None:
            logs["regularization_weight"] = self.value_of(self.model.regularizer.weight)
