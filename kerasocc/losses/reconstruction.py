"""Reconstruction error of an autoencoder, unreduced."""

from __future__ import annotations

from typing import Any

from keras import ops


def squared_error(inputs: Any, reconstruction: Any) -> Any:
    """Squared error summed over the features, `||x - rec(x)||^2`.

    Args:
        inputs: Tensor, shape `(batch, ...)`.
        reconstruction: Tensor of the same shape.

    Returns:
        Tensor, shape `(batch,)`, float32.
    """
    difference = ops.cast(inputs, "float32") - ops.cast(reconstruction, "float32")
    return ops.sum(ops.square(difference), axis=tuple(range(1, len(inputs.shape))))
