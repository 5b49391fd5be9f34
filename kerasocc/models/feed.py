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
