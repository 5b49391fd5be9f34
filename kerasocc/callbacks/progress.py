"""Callbacks that every fit needs and that the model attaches itself."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from kerasocc.callbacks.base import StateCallback


class EpochCount(StateCallback):
    """Count the finished epochs in a weight."""

    def on_epoch_end(self, epoch, logs=None):
        self.model.epochs_trained.assign(self.epochs_trained() + 1)


class EpochBeginning(StateCallback):
    """Fix the order of the next epoch and what is looked up in it.

    Args:
        begin_epoch: Called with the number of epochs trained so far.
    """

    def __init__(self, begin_epoch: Callable[[int], None]):
        super().__init__()
        self._begin_epoch = begin_epoch

    def on_epoch_begin(self, epoch, logs=None):
        self._begin_epoch(self.epochs_trained())


class FiniteLoss(StateCallback):
    """End a training whose loss is no number any more."""

    def on_epoch_end(self, epoch, logs=None):
        if logs is not None and not math.isfinite(logs.get("loss", 0.0)):
            raise FloatingPointError(
                f"The loss of epoch {epoch + 1} is {logs['loss']}: the training "
                "diverged. Lower the learning rate, scale the inputs (pass "
                "`preprocessing`) and look for NaN in them."
            )


class Validation(StateCallback):
    """Add `val_` metrics to the epoch's logs, for the callbacks that follow.

    Args:
        evaluate: Returns the metrics of the validation data.
        frequency: Every how many epochs, or the list of epochs, counted from 1.
    """

    def __init__(self, evaluate: Callable[[], dict[str, Any]], frequency: int | list[int]):
        super().__init__()
        self._evaluate = evaluate
        self._frequency = frequency

    def on_epoch_end(self, epoch, logs=None):
        if isinstance(self._frequency, int):
            due = (epoch + 1) % self._frequency == 0
        else:
            due = epoch + 1 in self._frequency
        if due and logs is not None:
            logs.update({f"val_{name}": value for name, value in self._evaluate().items()})
