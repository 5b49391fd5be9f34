"""Batch sizes that the replicas of a model can share."""

from __future__ import annotations

import keras

from kerasocc.engine.keras_contract import num_replicas


def check_batch_size(model: keras.Model, num_samples: int, batch_size: int) -> None:
    """Refuse batch sizes that replicas cannot share.

    Raises:
        ValueError: If the first batch cannot be divided evenly, which Keras needs, or if the
            last one holds fewer samples than there are replicas.
    """
    replicas = num_replicas(model)
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
