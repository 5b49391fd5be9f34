"""What Keras and TensorFlow do not document of strategies, in one place.

As `keras_contract`, and for models that were created under a strategy of `tf.distribute`.
"""

from __future__ import annotations

import concurrent.futures
import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import keras

from kerasocc.engine.keras_contract import has_strategy, step_counter


def strategy_of(model: keras.Model) -> Any:
    """The strategy that a model was created under, or the default one."""
    return model.distribute_strategy


@contextlib.contextmanager
def without_symbolic_build(model: keras.Model) -> Iterator[None]:
    """Keep Keras from building a model that is built, in this context.

    Under a strategy it reads a batch for that, which replicas of other workers have to read too.
    """
    vars(model)["_maybe_symbolic_build"] = lambda *arguments, **options: None
    try:
        yield
    finally:
        del vars(model)["_maybe_symbolic_build"]


def take_given_batches(model: keras.Model, run_batch: Callable[[Any], Any]) -> None:
    """As `replace_train_function`, by a function of the batch that `train_on_batch` passes.

    Args:
        model: A compiled model.
        run_batch: From `(x, y, sample_weight)` to the logs.
    """
    model.train_function = lambda batches: run_batch(next(batches))


def epoch_counter(
    model: keras.Model, num_steps: int | None, steps_per_epoch: int | None
) -> tuple[Any, int | None]:
    """As `step_counter`, of which every worker of the model's strategy has one for itself.

    Keras would distribute a plain one, and give each worker a part of it. To make the iterator of
    a distributed dataset takes longer than an epoch of a small model, and Keras makes two an
    epoch. That of a `MirroredStrategy` is quick if it sends nothing to the devices, which other
    strategies refuse; with these one iterator without an end lasts for all epochs.

    Args:
        model: The model.
        num_steps: Steps of a pass over the data; None for data without an end.
        steps_per_epoch: As given to `fit`.

    Returns:
        `x` and `steps_per_epoch` for `keras.Model.fit`.
    """
    if not has_strategy(model):
        return step_counter(num_steps), steps_per_epoch
    import tensorflow as tf

    strategy, options = model.distribute_strategy, None
    if isinstance(strategy, tf.distribute.MirroredStrategy):
        options = tf.distribute.InputOptions(
            experimental_fetch_to_device=False,
            experimental_replication_mode=tf.distribute.InputReplicationMode.PER_REPLICA,
        )
    elif steps_per_epoch is None:
        num_steps, steps_per_epoch = None, num_steps
    counter = strategy.distribute_datasets_from_function(lambda context: _steps(num_steps), options)
    return counter, steps_per_epoch


def _steps(number: int | None) -> Any:
    import tensorflow as tf

    return tf.data.Dataset.range(1).repeat() if number is None else step_counter(number)


@contextlib.contextmanager
def suited_reduction(model: keras.Model) -> Iterator[None]:
    """Have a `MirroredStrategy` on CPUs add tensors up on one of them, unless the user chose.

    Its default there, collective operations in a ring, takes several times as long.
    """
    extended = model.distribute_strategy.extended
    default = getattr(extended, "_collective_ops", None)
    on_cpus = all("CPU" in device for device in extended.worker_devices)
    is_default = default is not None and getattr(extended, "_cross_device_ops", None) is default
    if not (is_default and on_cpus and has_only_one_worker(model)):
        yield
        return
    import tensorflow as tf

    extended._cross_device_ops = tf.distribute.ReductionToOneDevice()
    try:
        yield
    finally:
        extended._cross_device_ops = default


def has_only_one_worker(model: keras.Model) -> bool:
    """Whether all replicas of the model's strategy are in this process."""
    strategy = model.distribute_strategy
    return len(strategy.extended.worker_devices) == strategy.num_replicas_in_sync


def outside_of_workers(function: Callable, *arguments: Any, **options: Any) -> Any:
    """Call a function outside of the scope of a strategy of several workers.

    Whatever Keras saves or loads, it creates an optimizer to see which attributes one has. Within
    the scope its weights are sent to all workers, which wait for each other: one of them could not
    save alone. A scope is that of a thread.
    """
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        strategy = tf.distribute.get_strategy()
        if isinstance(strategy, tf.distribute.MultiWorkerMirroredStrategy):
            with concurrent.futures.ThreadPoolExecutor(1) as thread:
                return thread.submit(function, *arguments, **options).result()
    return function(*arguments, **options)
