"""`tf.Example`s as samples, in TensorFlow's graph."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

ENCODED_IMAGE = "image/encoded"
"""Name of the feature that holds an encoded image, as TensorFlow's own records have it."""
INPUTS = "inputs"
"""Name of the feature that holds a sample without names of columns."""


def columns_of_examples(serialized: Any, names: tuple[str, ...], dtype: str) -> Any:
    """Rows of a table of numbers from a feature for each column.

    Args:
        serialized: Serialized examples, strings of shape `(batch,)`.
        names: Names of the columns.
        dtype: `"float32"`, or `"float64"`, of which an example has none: such features are text.

    Returns:
        Shape `(batch, columns)`, NaN where a column is missing.
    """
    import tensorflow as tf

    is_text = dtype == "float64"
    missing = "nan" if is_text else np.nan
    feature = tf.io.FixedLenFeature([], "string" if is_text else "float32", missing)
    parsed = tf.io.parse_example(serialized, {name: feature for name in names})
    rows = tf.stack([parsed[name] for name in names], axis=1)
    return tf.strings.to_number(rows, "float64") if is_text else rows


def arrays_of_examples(serialized: Any, shape: tuple[int, ...], dtype: str) -> Any:
    """Samples from the one feature `inputs` of as many numbers, in C order.

    Args:
        serialized: Serialized examples, strings of shape `(batch,)`.
        shape: Shape of a sample.
        dtype: As for `columns_of_examples`.

    Returns:
        Shape `(batch, *shape)`.
    """
    import tensorflow as tf

    is_text = dtype == "float64"
    feature = tf.io.FixedLenFeature([math.prod(shape)], "string" if is_text else "float32")
    values = tf.io.parse_example(serialized, {INPUTS: feature})[INPUTS]
    values = tf.strings.to_number(values, "float64") if is_text else values
    return tf.reshape(values, (-1, *shape))


def images_of_examples(serialized: Any) -> Any:
    """Encoded images, strings of shape `(batch,)`; empty where an example has none.

    Args:
        serialized: Serialized examples, strings of shape `(batch,)`.
    """
    import tensorflow as tf

    feature = tf.io.FixedLenFeature([], "string", "")
    return tf.io.parse_example(serialized, {ENCODED_IMAGE: feature})[ENCODED_IMAGE]
