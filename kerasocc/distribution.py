"""Reductions over the global batch. No other file distinguishes replicas.

Under `tf.distribute` a batch is split into one piece per replica, and Keras sums the
gradients of the pieces. All reductions are the identity for a single replica and for
backends other than TensorFlow.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

if keras.backend.backend() == "tensorflow":
    import tensorflow as tf
else:
    tf = None


def num_replicas() -> int:
    """Number of replicas in the current strategy."""
    return 1 if tf is None else tf.distribute.get_strategy().num_replicas_in_sync


def global_sum(value: Any) -> Any:
    """Sum a tensor over the replicas.

    Args:
        value: Tensor, with the same shape on every replica.

    Returns:
        The sum, equal on every replica.
    """
    if num_replicas() == 1:
        return value
    return tf.distribute.get_replica_context().all_reduce("SUM", value)


def global_concat(values: Any) -> Any:
    """Concatenate the pieces of a batch from all replicas.

    Args:
        values: Tensor, shape `(local_batch, ...)`; pieces may differ in size.

    Returns:
        Tensor, shape `(global_batch, ...)`, equal on every replica.
    """
    if num_replicas() == 1:
        return values
    return tf.distribute.get_replica_context().all_gather(values, axis=0)


def local_part(values: Any) -> Any:
    """This replica's entry of a tensor that holds one entry per replica.

    Args:
        values: Tensor, shape `(replicas, ...)`, equal on every replica.

    Returns:
        Tensor, shape `(...)`.
    """
    if num_replicas() == 1:
        return values[0]
    return values[tf.distribute.get_replica_context().replica_id_in_sync_group]


def local_rows(values: Any, size: Any) -> Any:
    """This replica's rows of a tensor over the global batch, the inverse of `global_concat`.

    Args:
        values: Tensor, shape `(global_batch, ...)`, equal on every replica.
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

    Keras sums gradients over replicas, so the shares must sum to the mean. Dividing local
    means by the number of replicas would be wrong for an uneven last batch.

    Args:
        values: Per-example losses, shape `(local_batch,)`.

    Returns:
        Scalar; the shares of all replicas sum to the mean over the global batch.
    """
    count = ops.cast(ops.shape(values)[0], values.dtype)
    return ops.sum(values) / global_sum(count)


def replicated_share(value: Any) -> Any:
    """This replica's share of a term that is equal on every replica."""
    return value / num_replicas()
