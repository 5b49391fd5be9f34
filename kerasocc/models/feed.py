"""What `keras.Model.fit` is given instead of the user's data."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

LookUps = dict[str, Callable[[np.ndarray], np.ndarray]]
"""Functions from positions in the training set, `(batch,)`, to new arrays, `(batch, ...)`."""


class Feed:
    """What `keras.Model.fit` is given instead of the user's data."""

    data: Any
    """The dataset for `fit`."""
    steps: int | None = None
    """`steps_per_epoch` for `fit`; None where the dataset is one epoch long."""
    num_batches: int | None = None
    """Batches of an epoch of arrays."""

    def begin_epoch(self, epochs_trained: int) -> None:
        """Fix the order of the coming epoch and what it looks up, before its iterator is made."""


def look_up_in_graph(look_ups: LookUps, index: Any) -> dict[str, Any]:
    """The looked up values of a batch, inside of a graph of TensorFlow."""
    import tensorflow as tf

    found = {}
    for name, look_up in look_ups.items():
        nothing = look_up(np.zeros(0, "int32"))  # tells dtype and shape
        found[name] = tf.numpy_function(look_up, [index], nothing.dtype)
        found[name].set_shape([index.shape[0], *nothing.shape[1:]])
    return found
