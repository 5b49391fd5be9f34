"""NumPy arrays as TensorFlow tensors, copied once at most, and functions compiled for them."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from kerasocc.engine.graphs import forget_custom_gradients
from kerasocc.engine.keras_contract import MEMORY_ALIGNMENT, share_memory


def aligned(shape: tuple[int, ...], dtype: Any) -> np.ndarray:
    """An uninitialized array that `as_tensor` does not have to copy."""
    size = math.prod(shape) * np.dtype(dtype).itemsize
    memory = np.empty(size + MEMORY_ALIGNMENT, "uint8")
    start = -memory.ctypes.data % MEMORY_ALIGNMENT
    return memory[start : start + size].view(dtype).reshape(shape)


def as_tensor(values: np.ndarray, *, own: bool = False) -> Any:
    """A tensor on the CPU with the given values.

    `tf.convert_to_tensor` copies twice.

    Args:
        values: Array of numbers.
        own: Whether nobody writes to the array while there is the tensor, which then uses its
            memory if that is aligned.
    """
    import tensorflow as tf

    # A size of 0 has no address, and its strides say nothing.
    if not values.size:
        return tf.constant(values)
    if not (own and values.flags.carray and values.ctypes.data % MEMORY_ALIGNMENT == 0):
        copy = aligned(values.shape, values.dtype)
        copy[...] = values
        values = copy
    return share_memory(values)


def compiled_for(function: Callable, signature: list[Any], **options: Any) -> Any:
    """Compile a function of TensorFlow for one signature, now.

    Nobody differentiates the call of what is compiled.

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
    concrete = compiled.get_concrete_function()
    forget_custom_gradients(concrete.graph)
    return concrete


def any_batch_size(values: Any) -> Any:
    """`tf.TensorSpec` of tensors or arrays `(batch, ...)` of any batch size."""
    import tensorflow as tf

    return tf.TensorSpec((None, *values.shape[1:]), values.dtype)
