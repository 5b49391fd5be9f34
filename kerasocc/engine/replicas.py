"""How the rows of a batch are shared out over replicas, and strategies that can share them."""

from __future__ import annotations

from typing import Any, NamedTuple

import keras
import numpy as np

from kerasocc.engine.keras_contract import has_strategy, num_replicas
from kerasocc.engine.strategy_contract import strategy_of


def first_row(number: Any, size: Any, replicas: int) -> Any:
    """First row of a replica's piece of a batch, which ends where the next one begins.

    Pieces are as even as can be: 16 rows of 3 replicas begin at 0, 5 and 10.

    Args:
        number: Number of the replica, an integer or a tensor of them.
        size: Samples of the batch, alike.
        replicas: Number of all replicas.
    """
    return number * size // replicas


class Share(NamedTuple):
    """Which of all replicas are replicas of this process; without a strategy the only one.

    Attributes:
        first: Number of the first of them.
        stop: Number behind the last.
        replicas: Number of all replicas, those of other processes included.
    """

    first: int = 0
    stop: int = 1
    replicas: int = 1

    @property
    def is_single(self) -> bool:
        """Whether there is one replica only."""
        return self.replicas == 1

    @property
    def is_all(self) -> bool:
        """Whether there is no other process."""
        return self.stop - self.first == self.replicas

    @property
    def workers(self) -> int:
        """Number of processes, each with as many replicas as this one."""
        return self.replicas // (self.stop - self.first)

    @property
    def worker(self) -> int:
        """Number of this process; that of the chief, which writes the files, is 0."""
        return self.first // (self.stop - self.first)

    def rows(self, size: Any) -> tuple[Any, Any]:
        """First row of this process in a batch of `size`, and the one behind its last."""
        return tuple(first_row(n, size, self.replicas) for n in (self.first, self.stop))

    def own_positions(self, positions: np.ndarray, batch_size: int) -> np.ndarray:
        """The part of this process in the positions of some steps.

        Args:
            positions: Of the samples of a batch after the other, shape `(samples,)`.
            batch_size: Samples of every batch but the last.
        """
        if self.is_all:
            return positions
        whole = len(positions) // batch_size * batch_size
        start, stop = self.rows(batch_size)
        batches = positions[:whole].reshape(-1, batch_size)[:, start:stop]
        start, stop = self.rows(len(positions) - whole)
        return np.concatenate([batches.reshape(-1), positions[whole:][start:stop]])


ALONE = Share()
"""The only replica there is."""


def share_of(model: keras.Model) -> Share:
    """Which of all replicas of a model are those of this process."""
    if not has_strategy(model):
        return ALONE
    strategy = strategy_of(model)
    local = len(strategy.extended.worker_devices)
    resolver = strategy.cluster_resolver
    workers = strategy.num_replicas_in_sync // local
    first = 0
    if workers > 1:
        # Replicas are numbered in this order of the tasks.
        jobs = resolver.cluster_spec()
        chiefs = jobs.num_tasks("chief") if "chief" in jobs.jobs else 0
        first = local * (resolver.task_id + (chiefs if resolver.task_type == "worker" else 0))
    return Share(first, first + local, strategy.num_replicas_in_sync)


def check_strategy(model: keras.Model) -> None:
    """Refuse strategies, and ways to compile, whose training would be wrong or end in a crash.

    Raises:
        ValueError: If there is one.
    """
    if not has_strategy(model):
        return
    import tensorflow as tf

    strategy = strategy_of(model)
    known = (
        tf.distribute.MirroredStrategy,
        tf.distribute.OneDeviceStrategy,
        tf.distribute.MultiWorkerMirroredStrategy,
    )
    if not isinstance(strategy, known):
        raise ValueError(
            "The strategy must be a `MirroredStrategy`, `MultiWorkerMirroredStrategy` or "
            f"`OneDeviceStrategy`. Received: {type(strategy).__name__}"
        )
    if model.compiled and model.jit_compile:
        raise ValueError(
            "`jit_compile` must be 'auto' or False under a strategy: XLA compiles no exchange "
            f"between replicas. Received: jit_compile=True under {type(strategy).__name__}"
        )
    _check_weights(model, strategy)


def _check_weights(model: keras.Model, strategy: Any) -> None:
    """Refuse weights of which the replicas have no copies, or whose gradients cannot be joined."""
    for weight in model.trainable_variables:
        if not strategy.extended.variable_created_in_scope(weight.value):
            raise ValueError(
                "A model and its encoder must be made in the strategy's `scope()`, for every "
                f"replica to have the weights. Received: {weight.path!r}, made outside of the "
                f"scope of the {type(strategy).__name__}"
            )
    dtypes = sorted({weight.dtype for weight in model.trainable_variables})
    if len(dtypes) > 1 and share_of(model).workers > 1:
        raise ValueError(
            "All trained weights must have one dtype under several workers, which add their "
            f"gradients up. Received: {' and '.join(dtypes)}; the head of OC-NN and that of the "
            "noise regularizer are float32 under any policy"
        )


def check_piece_sizes(size: int, replicas: int) -> None:
    """Raise `ValueError` for a batch of a dataset that leaves a replica without samples."""
    if size < replicas:
        raise ValueError(
            f"Every batch of `x` must hold at least one sample for each of {replicas} replicas: "
            f"use `drop_remainder=True`, or another batch size. Received: a batch of {size}"
        )


def check_batch_size(model: keras.Model, num_samples: int, batch_size: int) -> None:
    """Refuse batch sizes that leave a replica without samples.

    TensorFlow ends the process when the gradient of a pooling layer gets an empty batch.

    Raises:
        ValueError: If a batch, or the last one, holds fewer samples than there are replicas.
    """
    replicas = num_replicas(model)
    last = num_samples % batch_size or batch_size
    if min(last, num_samples) < replicas:
        raise ValueError(
            f"`batch_size` must leave every replica at least one sample of the last "
            f"batch: {num_samples} samples in batches of {batch_size} leave {last} "
            f"for {replicas} replicas. Choose another batch size or drop samples. "
            f"Received: batch_size={batch_size}"
        )
