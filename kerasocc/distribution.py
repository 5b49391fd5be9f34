"""Reductions over the global batch. No other file reduces over replicas.

Under `tf.distribute` a batch is split into one piece per replica, and Keras sums the
gradients of the pieces. All reductions are the identity for a single replica and for
backends other than TensorFlow.

Workers exchange tensors of one fixed shape only, so pieces of any size are gathered as a sum:
every replica puts its rows at their place in zeros of the size of a full batch. Two replicas
that hold `[1, 2, 6]` and `[11]` of a batch of at most 5 add `[1, 2, 6, 0, 0]` and
`[0, 0, 0, 11, 0]` up, and keep the first 4.
"""

from __future__ import annotations

import contextlib
import contextvars
from collections.abc import Iterator
from typing import Any, NamedTuple

import keras
from keras import ops

if keras.backend.backend() == "tensorflow":
    import tensorflow as tf
else:
    tf = None


class Piece(NamedTuple):
    """What a replica holds of the global batch.

    Attributes:
        start: Row of the batch that the piece begins with, a scalar, int32.
        total: Samples of the batch, a scalar, int32.
        capacity: Samples of the largest batch, a number: the shape that is exchanged.
    """

    start: Any
    total: Any
    capacity: Any


_piece: contextvars.ContextVar[Piece | None] = contextvars.ContextVar("piece", default=None)


@contextlib.contextmanager
def piece_of_batch(piece: Piece) -> Iterator[None]:
    """Tell the reductions in this context what this replica holds."""
    token = _piece.set(piece)
    try:
        yield
    finally:
        _piece.reset(token)


def num_replicas() -> int:
    """Number of replicas in the current strategy."""
    return 1 if tf is None else tf.distribute.get_strategy().num_replicas_in_sync


def replica_number() -> Any:
    """Number of this replica among all replicas of all workers, a scalar, int32."""
    return tf.cast(tf.distribute.get_replica_context().replica_id_in_sync_group, "int32")


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


def global_size(size: Any) -> Any:
    """Number of samples in the global batch.

    Args:
        size: Number of samples in this replica's piece, a scalar; of samples, not of their views.

    Returns:
        Scalar.
    """
    if num_replicas() == 1:
        return size
    return _piece_of(size).total


def global_concat(values: Any) -> Any:
    """Concatenate the pieces of a batch from all replicas.

    Args:
        values: Tensor of numbers, shape `(local_batch, ...)`; pieces may differ in size.

    Returns:
        Tensor, shape `(global_batch, ...)`, equal on every replica.
    """
    if num_replicas() == 1:
        return values
    values = tf.convert_to_tensor(values)
    piece = _piece_of(tf.shape(values)[0])
    return joined(values, piece.start, piece.capacity)[: piece.total]


def joined(values: Any, start: Any, capacity: Any) -> Any:
    """The rows of all replicas, each at its place, behind them zeros.

    Args:
        values: This replica's rows, shape `(rows, ...)`.
        start: The place of the first of them.
        capacity: Rows of the result.

    Returns:
        Tensor, shape `(capacity, ...)`, equal on every replica.
    """
    behind = capacity - start - tf.shape(values)[0]
    padded = tf.pad(values, [(start, behind), *[(0, 0)] * (len(values.shape) - 1)])
    if isinstance(capacity, int):
        padded = tf.ensure_shape(padded, (capacity, *values.shape[1:]))
    return global_sum(padded)


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
    start = _piece_of(size).start
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
    return ops.sum(values) / ops.cast(global_size(ops.shape(values)[0]), values.dtype)


def replicated_share(value: Any) -> Any:
    """This replica's share of a term that is equal on every replica."""
    return value / num_replicas()


def _piece_of(size: Any) -> Piece:
    """What this replica holds; a training step outside of `fit` finds it out."""
    known = _piece.get()
    if known is not None:
        return known
    replicas = num_replicas()
    sizes = tf.one_hot(replica_number(), replicas) * tf.cast(size, "float32")
    sizes = tf.cast(global_sum(sizes), "int32")
    total = tf.reduce_sum(sizes)
    return Piece(tf.reduce_sum(sizes[: replica_number()]), total, total)
