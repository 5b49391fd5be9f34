"""`compile`: what a one-class model needs of it, and how many steps run at once."""

from __future__ import annotations

from typing import Any

import keras

from kerasocc import distribution
from kerasocc.checks import check_integer
from kerasocc.models.jax_epochs import loops_are_fast

CHUNK = 32
"""Steps of one execution chosen by `"auto"`: the progress bar still moves."""
EXECUTIONS = 50
"""Most executions of an epoch chosen by `"auto"`, each of more steps if there are many."""

BATCH_HOOKS = ("on_batch_begin", "on_batch_end", "on_train_batch_begin", "on_train_batch_end")


class Compiling:
    """The compiling part of `OneClassModel`."""

    def compile(
        self,
        optimizer: Any = "adam",
        *,
        run_eagerly: bool = False,
        steps_per_execution: int | str = "auto",
        jit_compile: bool | str = "auto",
        auto_scale_loss: bool = True,
        **unsupported: Any,
    ) -> None:
        """Configure the training; there is no loss to choose.

        Args:
            optimizer: Keras optimizer or its name.
            run_eagerly: As in Keras.
            steps_per_execution: Steps that one call of the compiled function runs.
                `"auto"` runs up to 32, or a fiftieth of the epoch, at once where nobody
                could tell the difference: one replica of TensorFlow, or JAX where it is
                fast, array data, no callback with batch hooks. An integer is taken as it is.
            jit_compile: As in Keras.
            auto_scale_loss: As in Keras.
            **unsupported: Keras's other arguments: only None is accepted.

        Raises:
            ValueError: If a loss or metrics are given.
        """
        for argument, value in unsupported.items():
            if value is not None:
                raise ValueError(
                    f"`compile` must not be given `{argument}`: {type(self).__name__} has its "
                    "own objective, and `val_auc` comes from the `validation_data` of `fit`. "
                    f"Received: {argument}={value!r}"
                )
        self._chunk_is_ours = steps_per_execution == "auto"
        if not self._chunk_is_ours:
            check_integer("steps_per_execution", steps_per_execution, minimum=1)
        # Keras decides for the backend at hand, but the file may be loaded under another.
        self._jit_is_auto = jit_compile == "auto"
        super().compile(
            optimizer=optimizer,
            run_eagerly=run_eagerly,
            steps_per_execution=1 if self._chunk_is_ours else steps_per_execution,
            jit_compile=jit_compile,
            auto_scale_loss=auto_scale_loss,
        )
        self._forget_step()

    def get_compile_config(self) -> dict[str, Any] | None:
        config = super().get_compile_config()
        if config and self._chunk_is_ours:
            config["steps_per_execution"] = "auto"
        if config and self._jit_is_auto:
            config["jit_compile"] = "auto"
        return config

    def compile_from_config(self, config: dict[str, Any]) -> None:
        self.compile(**keras.saving.deserialize_keras_object(config))
        if self.built:
            self.build_optimizer()

    def loops_in_program(self) -> bool:
        """Whether the loop over the steps is part of the compiled training function."""
        backend = keras.backend.backend()
        if self.run_eagerly or backend == "torch":
            return False
        if backend == "tensorflow":
            return distribution.has_no_strategy(self)
        is_alone = keras.distribution.distribution() is None
        return is_alone and bool(self.jit_compile) and loops_are_fast(self)

    def build_optimizer(self) -> None:
        """Create the state of the model's optimizer, for the weights that it trains."""
        if not self.optimizer.built:
            with distribution.scope_of(self):
                self.optimizer.build(self.optimizer_groups()[0].weights)

    def _choose_chunk(
        self,
        num_batches: int | None,
        callbacks: list[keras.callbacks.Callback],
        loops: bool,
    ) -> int:
        """Steps per execution of a `fit`.

        Args:
            num_batches: Batches of an epoch, None if that is unknown.
            callbacks: All that the `fit` calls.
            loops: What `loops_in_program` says.
        """
        if not self._chunk_is_ours:
            return self.steps_per_execution
        one_replica = (
            keras.backend.backend() == "tensorflow"
            and distribution.num_replicas_of(self) == 1
            and not self.run_eagerly
        )
        can_chunk = (
            num_batches is not None
            and (one_replica or loops)
            and not any(_looks_at_batches(callback) for callback in callbacks)
        )
        return min(num_batches, max(CHUNK, num_batches // EXECUTIONS)) if can_chunk else 1


def _looks_at_batches(callback: keras.callbacks.Callback) -> bool:
    """Whether a callback would notice that batches run in chunks."""
    if getattr(callback, "save_freq", None) == "epoch":
        return False
    # The instance is asked: `LambdaCallback` has its hooks there.
    return any(
        getattr(getattr(callback, hook), "__func__", None)
        is not getattr(keras.callbacks.Callback, hook)
        for hook in BATCH_HOOKS
    )
