"""The gradient of a score with respect to its inputs, on every backend."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
from keras import ops


def input_gradient(score: Callable[[Any], Any], x: Any) -> Any:
    """The gradient of every sample's score with respect to that sample.

    Args:
        score: From a tensor `(batch, ...)` to scores `(batch,)`, each of its own sample alone.
        x: Tensor of shape `(batch, ...)`, float32.

    Returns:
        The shape of `x`; 0 where the score does not depend on it.
    """
    backend = keras.backend.backend()
    if backend == "jax":
        import jax

        return jax.grad(lambda inputs: ops.sum(score(inputs)))(x)
    if backend == "tensorflow":
        import tensorflow as tf

        with tf.GradientTape() as tape:
            tape.watch(x)
            total = tf.reduce_sum(score(x))
        return tape.gradient(total, x, unconnected_gradients=tf.UnconnectedGradients.ZERO)
    import torch

    with torch.enable_grad():
        inputs = x.detach().requires_grad_()
        (found,) = torch.autograd.grad(score(inputs).sum(), inputs, allow_unused=True)
    return ops.zeros_like(x) if found is None else found
