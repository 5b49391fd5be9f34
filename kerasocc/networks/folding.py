"""BatchNorm folded into the weights of the preceding layer, for inference."""

from __future__ import annotations

from typing import Any


def fold_batch_norm(x: Any, scale: Any, shift: Any) -> Any:
    """`x * scale + shift`, computed by the operation that produced `x`, or None.

    In a TensorFlow graph a tensor refers to the operation that produced it. If that is a
    matrix product or a convolution, its kernel is scaled in place of `x`, which is much
    larger. TensorFlow then fuses product, shift and activation into one kernel, and never
    computes the unscaled product, which no other operation uses.

    Args:
        x: Shape `(..., channels)`, float32.
        scale: Shape `(channels,)`, float32.
        shift: Shape `(channels,)`, float32.

    Returns:
        Tensor of the shape of `x`, or None if folding is impossible: `x` was produced by
        another operation, such as the addition of a bias, or by another backend.
    """
    producer = getattr(x, "op", None)
    kind = getattr(producer, "type", None)
    if kind not in ("MatMul", "Conv2D"):
        return None
    import tensorflow as tf

    inputs, kernel = producer.inputs
    if kind == "MatMul":
        if producer.get_attr("transpose_a") or producer.get_attr("transpose_b"):
            return None
        return tf.matmul(inputs, kernel * scale) + shift
    padding = producer.get_attr("padding").decode()
    if producer.get_attr("data_format") != b"NHWC" or padding == "EXPLICIT":
        return None
    convolved = tf.nn.conv2d(
        inputs,
        kernel * scale,
        strides=producer.get_attr("strides"),
        padding=padding,
        dilations=producer.get_attr("dilations"),
    )
    return convolved + shift
