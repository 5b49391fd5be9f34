"""Inference through a normalization that is folded into the weights before it."""

from __future__ import annotations

from typing import Any


def folded(x: Any, scale: Any, shift: Any) -> Any:
    """`x * scale + shift` without a pass over `x` of its own, or None.

    A graph of TensorFlow knows what made `x`. Of a matrix product or a convolution the
    kernel is scaled instead, which is small; TensorFlow then computes product, shift and
    activation in one kernel, and the product without the scale, which nobody asks for,
    not at all.

    Args:
        x: Shape `(..., channels)`, float32.
        scale: Shape `(channels,)`, float32.
        shift: Shape `(channels,)`, float32.

    Returns:
        Tensor of the shape of `x`, or None where it cannot be had: `x` was made by
        another operation, with a bias for instance, or under another backend.
    """
    made_by = getattr(x, "op", None)
    kind = getattr(made_by, "type", None)
    if kind not in ("MatMul", "Conv2D"):
        return None
    import tensorflow as tf

    inputs, kernel = made_by.inputs
    if kind == "MatMul":
        if made_by.get_attr("transpose_a") or made_by.get_attr("transpose_b"):
            return None
        return tf.matmul(inputs, kernel * scale) + shift
    padding = made_by.get_attr("padding").decode()
    if made_by.get_attr("data_format") != b"NHWC" or padding == "EXPLICIT":
        return None
    convolved = tf.nn.conv2d(
        inputs,
        kernel * scale,
        strides=made_by.get_attr("strides"),
        padding=padding,
        dilations=made_by.get_attr("dilations"),
    )
    return convolved + shift
