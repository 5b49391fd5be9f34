"""Annealing of the threshold of the variance regularizer."""

from __future__ import annotations

from kerasocc.callbacks.base import StateCallback
from kerasocc.checks import check_integer, check_positive


class VarianceAnnealing(StateCallback):
    """Divide the variance threshold by `factor` every `every` epochs.

    `d_t = d_0 / factor^(t // every)` in epoch `t`, counted from 0 over all calls of `fit`,
    so that a resumed training continues the schedule. Logs `variance_threshold`.

    Args:
        factor: Divisor of the threshold, at least 1.
        every: Number of epochs between two steps. None keeps the threshold constant,
            which according to the paper prevents collapse but yields worse features.

    Raises:
        ValueError: If an argument is out of range.

    Reference:
        Chong et al., Simple and Effective Prevention of Mode Collapse in Deep
        One-Class Classification, IJCNN 2020, section IV-C.
    """

    of_models = "a model with a `VarianceRegularizer`"

    def __init__(self, *, factor: float = 10.0, every: int | None = 3):
        super().__init__()
        self.factor = check_positive("factor", factor)
        if self.factor < 1:
            raise ValueError(f"`factor` must be at least 1. Received: factor={factor!r}")
        self.every = None if every is None else check_integer("every", every, minimum=1)

    def fits(self, model):
        return hasattr(getattr(model, "regularizer", None), "current_threshold")

    def on_epoch_begin(self, epoch, logs=None):
        regularizer = self.model.regularizer
        steps = 0 if self.every is None else self.epochs_trained() // self.every
        regularizer.current_threshold.assign(regularizer.threshold / self.factor**steps)

    def on_epoch_end(self, epoch, logs=None):
        if logs is not None:
            logs["variance_threshold"] = self.value_of(self.model.regularizer.current_threshold)
