"""Python functions as functions of the TensorFlow graph."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def traced(function: Callable, signature: list[Any], **options: Any) -> tuple[Callable, Any]:
    """Compile a function for one signature, now.

    Args:
        function: From tensors to a structure of tensors.
        signature: `tf.TensorSpec`s of its arguments, or structures of them.
        **options: For `tf.function`.

    Returns:
        The compiled function, and the `tf.TensorSpec`s of what it returns.
    """
    import tensorflow as tf

    compiled = tf.function(function, input_signature=signature, autograph=False, **options)
    # A trace that the first call makes would count towards a warning of retracing, which
    # many models with a function each are not.
    return compiled, compiled.get_concrete_function().structured_outputs


def any_size(values: Any) -> Any:
    """`tf.TensorSpec` of tensors or arrays `(batch, ...)` of any batch size."""
    import tensorflow as tf

    return tf.TensorSpec((None, *values.shape[1:]), values.dtype)
