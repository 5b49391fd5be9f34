"""The compiled training functions of a model: Keras's, and the loop over segments of arrays."""

from __future__ import annotations

from typing import Any

import keras

from kerasocc.engine.jax_loop import JaxLoop
from kerasocc.engine.keras_contract import invalidate_train_function, replace_train_function
from kerasocc.engine.segments import SegmentedProvider
from kerasocc.engine.structure import Structure
from kerasocc.engine.tensorflow_loop import TensorFlowLoop


class TrainFunctions:
    """Keeps compiled training functions as long as the step stays what it was.

    Args:
        model: The model that they train.
    """

    def __init__(self, model: keras.Model):
        self._model = model
        self._loop = (JaxLoop if keras.backend.backend() == "jax" else TensorFlowLoop)(model)
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

    def use_segments(self, provider: SegmentedProvider) -> None:
        """Have Keras run our loop over the segments of a provider."""

        def run_steps(*state: Any) -> Any:
            return self._loop.run(*state, provider, self._model.steps_per_execution)

        replace_train_function(self._model, run_steps)

    def release_segments(self) -> None:
        """Forget the function of `use_segments`, and the provider with it."""
        invalidate_train_function(self._model)
