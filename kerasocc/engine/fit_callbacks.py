"""Callbacks that every fit needs, attached by the model, and the order of all callbacks."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import keras

from kerasocc.callbacks.base import StateCallback


class EpochCount(StateCallback):
    """Count the finished epochs in a weight."""

    def on_epoch_end(self, epoch, logs=None):
        self.model.epochs_trained.assign(self.epochs_trained() + 1)


class EpochOrdering(StateCallback):
    """Fix the order of the samples and the per-sample targets of the next epoch.

    Args:
        begin_epoch: Called with the number of epochs trained so far.
    """

    def __init__(self, begin_epoch: Callable[[int], None]):
        super().__init__()
        self._begin_epoch = begin_epoch

    def on_epoch_begin(self, epoch, logs=None):
        self._begin_epoch(self.epochs_trained())


class TerminateOnNonFiniteLoss(StateCallback):
    """End a training whose loss is not finite."""

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
        frequency: Evaluate every so many epochs, or after the listed ones, counted from 1.
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


def arrange(
    defaults: list[StateCallback],
    users: list[keras.callbacks.Callback],
    last: StateCallback,
) -> list[keras.callbacks.Callback]:
    """Order callbacks: those that own state first, the user's in place of defaults.

    Args:
        defaults: Run first, unless the user passes others of their kind.
        users: What the user passed.
        last: Runs after all callbacks that own state.
    """
    owned = [c for c in users if isinstance(c, StateCallback)]
    kinds = {c.kind for c in owned}
    rest = [c for c in users if not isinstance(c, StateCallback)]
    return [*(c for c in defaults if c.kind not in kinds), *owned, last, *rest]
