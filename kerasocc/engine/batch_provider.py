"""What `keras.Model.fit` gets its batches from."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from kerasocc.engine.strategy_contract import epoch_counter

SampleTargets = dict[str, Callable[[np.ndarray], np.ndarray]]
"""Per-sample targets by name: functions from positions in the training set, `(batch,)`, to new
arrays, `(batch, ...)`."""


class BatchProvider:
    """Batches of a training, with the targets of their samples.

    Attributes:
        data: The dataset that `keras.Model.fit` is given, unless the provider is asked.
        steps: `steps_per_epoch` for `fit`; None where the dataset is one epoch long.
        num_batches: Batches of an epoch of arrays, None for datasets.
        is_asked: Whether the training function asks the provider for samples, in place of the
            iterator that Keras hands to it.
    """

    data: Any
    steps: int | None = None
    num_batches: int | None = None
    is_asked = False

    def counted_by(self, model: keras.Model) -> tuple[Any, int | None]:
        """`x` and `steps_per_epoch` for `keras.Model.fit`."""
        if not self.is_asked:
            return self.data, self.steps
        return epoch_counter(model, self.num_batches, self.steps)

    def begin_epoch(self, epochs_trained: int) -> None:
        """Fix the order and the per-sample targets of the next epoch, before it is iterated."""


def sample_targets_in_graph(sample_targets: SampleTargets, index: Any) -> dict[str, Any]:
    """The per-sample targets of a batch, inside of a graph of TensorFlow.

    Args:
        sample_targets: The functions.
        index: Tensor of positions, shape `(batch,)`, int32.
    """
    import tensorflow as tf

    targets = {}
    for name, targets_of in sample_targets.items():
        template = targets_of(np.zeros(0, "int32"))
        targets[name] = tf.numpy_function(targets_of, [index], template.dtype)
        targets[name].set_shape([index.shape[0], *template.shape[1:]])
    return targets
