"""Batch sizes that replicas can share, and those they cannot."""

import keras
import pytest

from kerasocc.engine.replicas import check_batch_size


def test_batches_that_leave_a_replica_empty(two_replicas):
    with two_replicas.scope():
        model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    check_batch_size(model, 34, 16)
    with pytest.raises(ValueError, match="33 samples in batches of 16 leave 1 for 2 replicas"):
        check_batch_size(model, 33, 16)
