"""NumPy arrays as tensors of TensorFlow, copied once at most."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

ALIGNMENT = 64
"""Bytes that the address of memory must be a multiple of for TensorFlow to use it."""


def aligned(shape: tuple[int, ...], dtype: Any) -> np.ndarray:
    """An uninitialized array that `as_tensor` does not have to copy."""
    size = math.prod(shape) * np.dtype(dtype).itemsize
    memory = np.empty(size + ALIGNMENT, "uint8")
    start = -memory.ctypes.data % ALIGNMENT
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
    if not (own and values.flags.carray and values.ctypes.data % ALIGNMENT == 0):
        copy = aligned(values.shape, values.dtype)
        copy[...] = values
        values = copy
    return tf.experimental.dlpack.from_dlpack(values.__dlpack__())
