"""The compiled training functions of a model: Keras's, and the loop over segments of arrays."""

from __future__ import annotations

from typing import Any

import keras

from kerasocc.engine.batch_provider import BatchProvider
from kerasocc.engine.batches import as_targets
from kerasocc.engine.jax_loop import JaxLoop
from kerasocc.engine.keras_contract import (
    has_strategy,
    invalidate_train_function,
    replace_train_function,
)
from kerasocc.engine.strategy_contract import take_given_batches
from kerasocc.engine.strategy_loop import StrategyLoop
from kerasocc.engine.structure import Structure
from kerasocc.engine.tensorflow_loop import TensorFlowLoop


class TrainFunctions:
    """Keeps compiled training functions as long as the step stays what it was.

    Args:
        model: The model that they train.
    """

    def __init__(self, model: keras.Model):
        self._model = model
        self._loop = _loop_of(model)
        self._step_key: Any = None
        self._structure = Structure(model)

    def invalidate(self) -> None:
        """Have the training step compiled anew."""
        invalidate_train_function(self._model)
        self._loop.invalidate()

    def require(self, step_key: Any) -> None:
        """Have the training step compiled anew unless it was compiled for this key.

        After a change of the model's layers it is compiled anew, too.
        """
        if self._structure.has_changed() or step_key != self._step_key:
            self._step_key = step_key
            self.invalidate()

    def use_provider(self, provider: BatchProvider) -> None:
        """Have Keras run our loop over the segments, or batches, of a provider."""

        def run_steps(*state: Any) -> Any:
            return self._loop.run(*state, provider, self._model.steps_per_execution)

        replace_train_function(self._model, run_steps)

    def use_given_batches(self) -> None:
        """Have Keras hand batches to the loop over replicas, as `train_on_batch` does."""

        def run_batch(batch: tuple[Any, Any, Any]) -> Any:
            x, y, sample_weight = batch
            weight = () if sample_weight is None else (sample_weight,)
            return self._loop.run_batch((x, as_targets(y, x), *weight))

        take_given_batches(self._model, run_batch)

    def release_provider(self) -> None:
        """Forget the function of `use_provider`, and the provider with it."""
        invalidate_train_function(self._model)


def _loop_of(model: keras.Model) -> Any:
    if keras.backend.backend() == "jax":
        return JaxLoop(model)
    return StrategyLoop(model) if has_strategy(model) else TensorFlowLoop(model)
