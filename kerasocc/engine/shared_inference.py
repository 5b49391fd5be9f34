"""Inference under replicas: each computes its share of the samples.

Across workers the shares are added up as `distribution.joined` does, so that all have the results
of all samples, the same to the last bit, and decide alike: whether a training stops early, which
samples are flagged. Every worker therefore has to score the same samples at the same time.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from kerasocc import distribution
from kerasocc.engine.replicas import Share, share_of
from kerasocc.engine.strategy_contract import strategy_of, suited_reduction
from kerasocc.engine.tensors import any_batch_size, as_tensor, compiled_for

FEW_ROWS = 64
"""Samples per replica from which on replicas of one process share them."""


def compile_shared(model: keras.Model, method: Callable, x: np.ndarray) -> Callable:
    """Compile a method for inputs like `x` that the replicas of a model share.

    Args:
        model: Created under a strategy.
        method: From inputs `(batch, ...)` to a structure of tensors `(batch, ...)`.
        x: Example.

    Returns:
        A function of an array of inputs.
    """
    share = share_of(model)
    if share.is_all:
        return _compile_in_process(model, method, x)
    compiled: dict[int, Callable] = {}

    def call(inputs: np.ndarray) -> Any:
        # Workers exchange tensors of fixed shapes: a few of them, for any number of samples.
        capacity = 1 << max(0, len(inputs) - 1).bit_length()
        if capacity not in compiled:
            compiled[capacity] = _compile_across_workers(model, method, x, capacity)
        return compiled[capacity](as_tensor(inputs))

    return call


def _compile_in_process(model: keras.Model, method: Callable, x: np.ndarray) -> Callable:
    import tensorflow as tf

    strategy = strategy_of(model)
    replicas = strategy.num_replicas_in_sync

    def on_replica(inputs):
        number, size = distribution.replica_number(), tf.shape(inputs)[0]
        start, stop = Share(number, number + 1, replicas).rows(size)
        return method(inputs[start:stop])

    def shared(inputs):
        parts = strategy.run(on_replica, args=(inputs,))
        return keras.tree.map_structure(
            lambda part: tf.concat(strategy.experimental_local_results(part), axis=0), parts
        )

    compiled: dict[str, Callable] = {}

    def call(inputs: np.ndarray) -> Any:
        few = len(inputs) < FEW_ROWS * replicas
        if few not in compiled:
            with strategy.scope():
                compiled[few] = compiled_for(method if few else shared, [any_batch_size(x)])
        return compiled[few](as_tensor(inputs))

    return call


def _compile_across_workers(
    model: keras.Model, method: Callable, x: np.ndarray, capacity: int
) -> Callable:
    import tensorflow as tf

    strategy = strategy_of(model)
    replicas = strategy.num_replicas_in_sync

    def joined(part, number, start, size):
        numbers = part if part.dtype.is_floating else tf.cast(part, "int32")
        # Of few samples every replica computes all, and the results of the first are taken.
        numbers = tf.where(tf.logical_or(size >= replicas, number == 0), numbers, 0)
        return tf.cast(distribution.joined(numbers, start, capacity)[:size], part.dtype)

    def on_replica(inputs):
        number, size = distribution.replica_number(), tf.shape(inputs)[0]
        few = size < replicas
        start, stop = Share(number, number + 1, replicas).rows(size)
        start, stop = tf.where(few, 0, start), tf.where(few, size, stop)
        parts = method(inputs[start:stop])
        return keras.tree.map_structure(lambda part: joined(part, number, start, size), parts)

    def shared(inputs):
        results = strategy.run(on_replica, args=(inputs,))
        return keras.tree.map_structure(
            lambda result: strategy.experimental_local_results(result)[0], results
        )

    with strategy.scope(), suited_reduction(model):
        return compiled_for(shared, [any_batch_size(x)])
