"""How many steps of a training run in one call of the compiled function."""

from __future__ import annotations

import keras

from kerasocc.engine.jax_loop import loops_are_fast
from kerasocc.engine.keras_contract import has_strategy, looks_at_batches, num_replicas
from kerasocc.engine.model_protocols import TrainableModel

STEPS_AT_ONCE = 32
"""Steps of one execution chosen by `"auto"`: the progress bar still moves."""
EXECUTIONS_PER_EPOCH = 50
"""Most executions of an epoch chosen by `"auto"`, each of more steps if there are many."""


def can_loop_in_program(model: TrainableModel) -> bool:
    """Whether the loop over the steps can be part of the compiled training function."""
    backend = keras.backend.backend()
    if backend == "tensorflow" and has_strategy(model):
        # Step by step in eager mode, but replicas share the samples in no other way.
        return True
    if model.run_eagerly or backend == "torch":
        return False
    if backend == "tensorflow":
        return True
    return bool(model.jit_compile) and loops_are_fast(model)


def choose_steps_per_execution(
    model: TrainableModel,
    num_batches: int | None,
    callbacks: list[keras.callbacks.Callback],
    in_program: bool,
) -> int:
    """Steps per execution of a `fit`.

    Args:
        model: The model, whose `steps_per_execution` is kept unless it is `"auto"`.
        num_batches: Batches of an epoch, None if that is unknown.
        callbacks: All that the `fit` calls.
        in_program: What `can_loop_in_program` says.
    """
    if not model.auto_steps_per_execution:
        return model.steps_per_execution
    one_replica = (
        keras.backend.backend() == "tensorflow"
        and num_replicas(model) == 1
        and not model.run_eagerly
    )
    can_run_several = (
        num_batches is not None
        and not model.run_eagerly
        and (one_replica or in_program)
        and not any(looks_at_batches(callback) for callback in callbacks)
    )
    if not can_run_several:
        return 1
    return min(num_batches, max(STEPS_AT_ONCE, num_batches // EXECUTIONS_PER_EPOCH))
