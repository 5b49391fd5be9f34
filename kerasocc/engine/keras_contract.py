"""What Keras and TensorFlow do not document, in one place.

Everything here relies on behaviour that a release may change without notice.
`tests/test_keras_contract.py` checks each function alone, so that a release that breaks an
assumption names it. The module imports nothing of the package: any part may use it.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

import keras
import numpy as np

# Keras: the training function.


def invalidate_train_function(model: keras.Model) -> None:
    """Have Keras make its compiled training function anew.

    Keras caches it in `train_function` and reads `steps_per_execution`, and all that the
    step reads from Python, only when it makes the function.
    """
    model.train_function = None


@contextlib.contextmanager
def new_step(
    model: keras.Model, name: str, wrap: Callable[[Callable], Callable] = lambda step: step
) -> Iterator[None]:
    """Have Keras compile a step anew that it makes a function of in this context.

    JAX keeps what it has compiled by function, and a method of a model is always the same one.

    Args:
        model: The model.
        name: `"train_step"` or `"test_step"`.
        wrap: From the step to the one to compile.
    """
    if keras.backend.backend() != "jax":
        yield
        return
    method = wrap(getattr(model, name))
    vars(model)[name] = lambda *arguments: method(*arguments)
    try:
        yield
    finally:
        del vars(model)[name]


def replace_train_function(model: keras.Model, run_steps: Callable[..., Any]) -> None:
    """Have Keras call a function instead of its own training function.

    Args:
        model: A compiled model.
        run_steps: Called once per execution, with the state where Keras passes one (JAX's
            trainer: `run_steps(state)` returns `(logs, state)`), else without arguments
            (returns the logs). The iterator that Keras passes last is not read.
    """
    model.train_function = lambda *state_and_iterator: run_steps(*state_and_iterator[:-1])


def set_steps_per_execution(model: keras.Model, steps: int) -> None:
    """Change `steps_per_execution` after `compile`."""
    if steps != model.steps_per_execution:
        model.steps_per_execution = steps
        invalidate_train_function(model)


def step_counter(num_steps: int) -> Any:
    """A dataset of `num_steps` elements, which Keras counts the steps of an epoch with.

    For a training function that brings its own samples. Keras's trainers of TensorFlow and
    JAX make an iterator of it and stop after `cardinality` or `num_batches` steps. They read
    an element themselves only to build a model that is not built, or losses and metrics that
    `compile` was given.
    """
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        return tf.data.Dataset.range(num_steps)
    return _EmptyBatches(num_steps)


class _EmptyBatches(keras.utils.PyDataset):
    def __init__(self, num_batches: int):
        super().__init__()
        self._num_batches = num_batches

    def __len__(self):
        return self._num_batches

    def __getitem__(self, step):
        return (np.zeros((1, 1), "float32"),)


def optimized_weights(optimizer: keras.optimizers.Optimizer) -> list[Any]:
    """The weights that an optimizer that is built has state for."""
    return list(optimizer._trainable_variables)


# Keras: strategies, saved files, callbacks.


def num_replicas(model: keras.Model) -> int:
    """Number of replicas of the strategy that a model was created under."""
    if keras.backend.backend() != "tensorflow":
        return 1
    return model.distribute_strategy.num_replicas_in_sync


def has_strategy(model: keras.Model) -> bool:
    """Whether a model was created under any strategy of `tf.distribute`."""
    if keras.backend.backend() != "tensorflow":
        return False
    import tensorflow as tf

    with model.distribute_strategy.scope():
        return tf.distribute.has_strategy()


def variable_scope(model: keras.Model) -> contextlib.AbstractContextManager:
    """Context that creates variables as the model's own were created."""
    if keras.backend.backend() != "tensorflow":
        return contextlib.nullcontext()
    return model.distribute_strategy.scope()


def known_compile_options(config: Mapping[str, Any], names: Collection[str]) -> dict[str, Any]:
    """The options of a saved compile config that `compile` takes.

    A later Keras may write options that this one, or our `compile`, does not know; they
    must not make the file unloadable.
    """
    return {name: value for name, value in config.items() if name in names}


class _WeightsFile(io.BytesIO):
    """A file in memory with the name that Keras asks for."""

    def __str__(self) -> str:
        return "memory.weights.h5"


def weights_file_in_memory() -> io.BytesIO:
    """What `save_weights` can write to in place of a `.weights.h5` file."""
    return _WeightsFile()


def own_variables(layer: keras.layers.Layer) -> list[Any]:
    """The weights that a layer itself created, in the order in which Keras stores them."""
    return [*layer._trainable_variables, *layer._non_trainable_variables]


@contextlib.contextmanager
def new_weights_allowed(layer: keras.layers.Layer) -> Iterator[None]:
    """Let a layer add weights that is built already, which Keras locks against it."""
    was_locked = layer._tracker.locked
    layer._tracker.unlock()
    try:
        yield
    finally:
        if was_locked:
            layer._tracker.lock()


def remove_weight(layer: keras.layers.Layer, weight: keras.Variable) -> None:
    """Take a weight away from the layer that created it."""
    with new_weights_allowed(layer):
        layer._untrack_variable(weight)


def delete_weight(layer: keras.layers.Layer, name: str) -> None:
    """Take away the weight that an attribute holds, and the attribute.

    As `del` does, but without the full collection of garbage in `Layer.__delattr__`: half a
    second in a process that has TensorFlow's modules alone.
    """
    remove_weight(layer, getattr(layer, name))
    super(keras.layers.Layer, layer).__delattr__(name)


def first_epoch(model: keras.Model, initial_epoch: int) -> int:
    """The epoch that a `fit` begins with, after `on_train_begin` of its callbacks.

    `BackupAndRestore` sets it on the model, for the loops of Keras.

    Args:
        model: The model.
        initial_epoch: As given to `fit`.
    """
    return model._initial_epoch or initial_epoch


def set_first_epoch(model: keras.Model, epoch: int) -> None:
    """Have a `fit` whose callbacks begin the training begin with another epoch."""
    model._initial_epoch = epoch


def looks_at_batches(callback: keras.callbacks.Callback) -> bool:
    """Whether a callback would notice that batches run several at a time.

    Keras's callbacks say so in `save_freq`, `TensorBoard` in `update_freq` and by its profile; of
    others a batch hook counts, of the class or, as by `LambdaCallback`, of the instance.
    """
    if getattr(callback, "save_freq", None) == "epoch":
        return False
    if type(callback) is keras.callbacks.TensorBoard:
        return callback.update_freq != "epoch" or callback._should_trace
    hooks = ("on_batch_begin", "on_batch_end", "on_train_batch_begin", "on_train_batch_end")
    return any(
        getattr(getattr(callback, hook), "__func__", None)
        is not getattr(keras.callbacks.Callback, hook)
        for hook in hooks
    )


# TensorFlow: data and memory.


def is_tf_dataset(x: Any) -> bool:
    """Whether `x` is a `tf.data.Dataset`, without importing TensorFlow."""
    return any(
        cls.__name__ == "DatasetV2" and cls.__module__.startswith("tensorflow.")
        for cls in type(x).__mro__
    )


MEMORY_ALIGNMENT = 64
"""Bytes that the address of memory must be a multiple of for TensorFlow to use it."""


def share_memory(values: np.ndarray) -> Any:
    """A tensor on the CPU that uses the memory of an array.

    Args:
        values: Contiguous, not empty, its address a multiple of `MEMORY_ALIGNMENT`. Nobody
            may write to it while there is the tensor.
    """
    import tensorflow as tf

    return tf.experimental.dlpack.from_dlpack(values.__dlpack__())


def fused_batch_norm(x: Any, scale: Any, offset: Any, epsilon: float) -> tuple[Any, Any, Any]:
    """Batch normalization in one kernel of TensorFlow.

    Args:
        x: Shape `(batch, height, width, channels)`, float32.
        scale: Shape `(channels,)`.
        offset: Shape `(channels,)`.
        epsilon: Added to the variance.

    Returns:
        Outputs of the shape of `x`, and mean and unbiased variance, shape `(channels,)`.
    """
    import tensorflow as tf

    nothing = tf.zeros((0,))
    outputs, mean, variance, *_ = tf.raw_ops.FusedBatchNormV3(
        x=x,
        scale=scale,
        offset=offset,
        mean=nothing,
        variance=nothing,
        epsilon=epsilon,
        is_training=True,
    )
    return outputs, mean, variance
