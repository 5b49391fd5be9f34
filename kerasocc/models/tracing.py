"""Python functions as functions of the TensorFlow graph."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def traced(function: Callable, signature: list[Any], **options: Any) -> Any:
    """Compile a function for one signature, now.

    Args:
        function: From tensors to a structure of tensors.
        signature: `tf.TensorSpec`s of its arguments, or structures of them.
        **options: For `tf.function`.

    Returns:
        A `ConcreteFunction`: the call of a `tf.function`, which looks for it first, costs twice
        as much.
    """
    import tensorflow as tf

    compiled = tf.function(function, input_signature=signature, autograph=False, **options)
    return compiled.get_concrete_function()


def any_size(values: Any) -> Any:
    """`tf.TensorSpec` of tensors or arrays `(batch, ...)` of any batch size."""
    import tensorflow as tf

    return tf.TensorSpec((None, *values.shape[1:]), values.dtype)
