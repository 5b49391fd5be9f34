"""Reductions over the global batch: the only file that knows about replicas.

Under `tf.distribute` a batch is cut into one piece per replica, and Keras adds
the gradients of the pieces. Everything here is the identity for one replica
and for the backends other than TensorFlow.
"""

from __future__ import annotations

import contextlib
from typing import Any

import keras
from keras import ops

if keras.backend.backend() == "tensorflow":
    import tensorflow as tf
else:
    tf = None


def num_replicas() -> int:
    """Number of replicas that train in step."""
    return 1 if tf is None else tf.distribute.get_strategy().num_replicas_in_sync


def num_replicas_of(model: keras.Model) -> int:
    """Number of replicas of the strategy that a model was created under."""
    return 1 if tf is None else model.distribute_strategy.num_replicas_in_sync


def has_no_strategy(model: keras.Model) -> bool:
    """Whether TensorFlow trains a model without any strategy of distribution."""
    if tf is None:
        return False
    with model.distribute_strategy.scope():
        return not tf.distribute.has_strategy()


def scope_of(model: keras.Model) -> contextlib.AbstractContextManager:
    """Context that creates variables as the model's own were created."""
    return contextlib.nullcontext() if tf is None else model.distribute_strategy.scope()


def global_sum(value: Any) -> Any:
    """Sum a tensor over the replicas.

    Args:
        value: Tensor, the same shape on every replica.

    Returns:
        The sum, the same on every replica.
    """
    if num_replicas() == 1:
        return value
    return tf.distribute.get_replica_context().all_reduce("SUM", value)


def global_concat(values: Any) -> Any:
    """Concatenate the replicas' pieces of a batch.

    Args:
        values: Tensor, shape `(local_batch, ...)`; the pieces may differ in size.

    Returns:
        Tensor, shape `(global_batch, ...)`, the same on every replica.
    """
    if num_replicas() == 1:
        return values
    return tf.distribute.get_replica_context().all_gather(values, axis=0)


def local_part(values: Any) -> Any:
    """This replica's entry of a tensor that has one per replica.

    Args:
        values: Shape `(replicas, ...)`.
    """
    if num_replicas() == 1:
        return values[0]
    return values[tf.distribute.get_replica_context().replica_id_in_sync_group]


def local_rows(values: Any, size: Any) -> Any:
    """This replica's rows of what `global_concat` made; undoes it.

    Args:
        values: Shape `(global_batch, ...)`, the same on every replica.
        size: Number of samples in this replica's piece of the batch.

    Returns:
        Tensor, shape `(size, ...)`.
    """
    if num_replicas() == 1:
        return values
    context = tf.distribute.get_replica_context()
    sizes = context.all_gather(tf.reshape(size, [1]), axis=0)
    start = tf.reduce_sum(sizes[: context.replica_id_in_sync_group])
    return values[start : start + size]


def global_mean_share(values: Any) -> Any:
    """This replica's share of the mean over the global batch.

    Keras sums gradients over replicas, so the shares must sum to the mean. A
    division by the number of replicas would be wrong for an uneven last batch.

    Args:
        values: Per-example losses, shape `(local_batch,)`.

    Returns:
        Scalar; the shares of all replicas sum to the mean over the global batch.
    """
    count = ops.cast(ops.shape(values)[0], values.dtype)
    return ops.sum(values) / global_sum(count)


def replicated_share(value: Any) -> Any:
    """This replica's share of a term that every replica computes alike."""
    return value / num_replicas()


def check_batches(model: keras.Model, num_samples: int, batch_size: int) -> None:
    """Refuse batch sizes that replicas cannot share.

    Raises:
        ValueError: If the first batch cannot be cut evenly, which Keras needs, or if the
            last one holds fewer samples than there are replicas.
    """
    replicas = num_replicas_of(model)
    if min(num_samples, batch_size) % replicas:
        raise ValueError(
            f"`batch_size` must be a multiple of the number of replicas, {replicas}. Received: "
            f"batch_size={batch_size} for {num_samples} samples"
        )
    last = num_samples % batch_size or batch_size
    if min(last, num_samples) < replicas:
        raise ValueError(
            f"`batch_size` must leave every replica at least one sample of the last "
            f"batch: {num_samples} samples in batches of {batch_size} leave {last} "
            f"for {replicas} replicas. Choose another batch size or drop samples. "
            f"Received: batch_size={batch_size}"
        )
