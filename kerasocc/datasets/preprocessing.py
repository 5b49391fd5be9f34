"""Preprocessing as Keras layers: adapted on training data, saved inside the model."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import keras
import numpy as np
from keras import ops

from kerasocc.rows import chunks, is_lazy, rows_at_once
from kerasocc.state import add_state


@keras.saving.register_keras_serializable(package="kerasocc")
class GlobalContrastNormalization(keras.layers.Layer):
    """Subtract each sample's mean and divide by its mean absolute value.

    The L1 global contrast normalisation of Deep SVDD. A constant sample becomes
    all zeros.

    Args:
        name: Name of the layer.

    Reference:
        Ruff et al., Deep One-Class Classification, ICML 2018, section 4.
    """

    def __init__(self, *, name: str | None = None):
        super().__init__(name=name, dtype="float32")

    def call(self, x: Any) -> Any:
        """Normalise samples of shape `(batch, ...)`."""
        x = ops.cast(x, "float32")
        axes = tuple(range(1, len(x.shape)))
        centered = x - ops.mean(x, axis=axes, keepdims=True)
        scale = ops.mean(ops.abs(centered), axis=axes, keepdims=True)
        # Rounding leaves a constant sample of size s off its mean by less than this.
        noise = 1e-6 * ops.max(ops.abs(x), axis=axes, keepdims=True)
        # NaN is not constant: it must come out as NaN.
        constant = scale <= noise
        return ops.where(constant, 0.0, centered / ops.where(constant, 1.0, scale))

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape

    def get_config(self) -> dict[str, Any]:
        return {"name": self.name}


@keras.saving.register_keras_serializable(package="kerasocc")
class MinMaxScaling(keras.layers.Layer):
    """Scale linearly so that the adapted data span [0, 1]; new data may leave it.

    A constant feature maps to 0.

    Args:
        per_feature: Whether every entry of the last axis has its own range
            (tabular data) or all share one (images, as in Deep SVDD).
        name: Name of the layer.
    """

    def __init__(self, *, per_feature: bool = False, name: str | None = None):
        super().__init__(name=name, dtype="float32")
        self.per_feature = per_feature

    def build(self, input_shape: Any) -> None:
        shape = (input_shape[-1],) if self.per_feature else ()
        self.minimum = add_state(self, "minimum", shape)
        self.range = add_state(self, "range", shape, initial=1.0)

    def adapt(self, x: Any) -> None:
        """Set the range from samples, an array or `Rows` of shape `(samples, ...)`."""
        self.adapt_batches(_batches(_as_indexable(x)))

    def adapt_batches(self, batches: Iterable[np.ndarray]) -> None:
        """Set the range from batches of samples, shape `(batch, ...)`, read once."""
        minimum, maximum = np.inf, -np.inf
        for x in batches:
            axes = tuple(range(x.ndim - 1)) if self.per_feature else None
            minimum = np.minimum(minimum, x.min(axis=axes))
            maximum = np.maximum(maximum, x.max(axis=axes))
        if not self.built:
            self.build((None, *x.shape[1:]))
            self.built = True
        minimum = np.float32(minimum)
        span = np.float32(maximum) - minimum
        self.minimum.assign(minimum)
        self.range.assign(np.where(span > 0, span, 1.0))

    def call(self, x: Any) -> Any:
        """Scale samples of shape `(batch, ...)`."""
        return (ops.cast(x, "float32") - self.minimum) / self.range

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape

    def get_config(self) -> dict[str, Any]:
        return {"per_feature": self.per_feature, "name": self.name}


@keras.saving.register_keras_serializable(package="kerasocc")
class Preprocessing(keras.layers.Layer):
    """A chain of layers, adapted one after the other on the same data.

    Args:
        layers: Layers that keep the shape of their input; those with a method
            `adapt_batches(batches)`, else `adapt(x)`, are adapted on what their
            predecessors make of the data.
        name: Name of the layer.
    """

    def __init__(self, layers: list[keras.layers.Layer], *, name: str | None = None):
        super().__init__(name=name, dtype="float32")
        self.layers = list(layers)

    def build(self, input_shape: Any) -> None:
        for layer in self.layers:
            if not layer.built:
                layer.build(input_shape)
                layer.built = True

    def adapt(self, x: Any) -> Preprocessing:
        """Adapt the layers and return self.

        Args:
            x: Array or `Rows` of shape `(samples, ...)`; only a layer without
                `adapt_batches` needs all of what its predecessors make of it at
                once.
        """
        x = _as_indexable(x)
        if not self.built:
            self.build((None, *x.shape[1:]))
            self.built = True
        for number, layer in enumerate(self.layers):
            batches = _applied(self.layers[:number], _batches(x))
            if hasattr(layer, "adapt_batches"):
                layer.adapt_batches(batches)
            elif hasattr(layer, "adapt"):
                layer.adapt(np.concatenate(list(batches)))
        return self

    def call(self, x: Any) -> Any:
        """Apply the layers to samples of shape `(batch, ...)`."""
        for layer in self.layers:
            x = layer(x)
        return x

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape

    def get_config(self) -> dict[str, Any]:
        serialize = keras.saving.serialize_keras_object
        return {"layers": [serialize(layer) for layer in self.layers], "name": self.name}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Preprocessing:
        restore = keras.saving.deserialize_keras_object
        return cls([restore(layer) for layer in config["layers"]], name=config["name"])


def contrast_min_max(x: Any) -> Preprocessing:
    """Deep SVDD's preprocessing of images: contrast normalisation, then [0, 1].

    Args:
        x: Training images, array or `Rows` of shape `(samples, height, width, channels)`.
    """
    return Preprocessing([GlobalContrastNormalization(), MinMaxScaling()]).adapt(x)


def unit_range(x: Any) -> keras.layers.Layer:
    """Deep SAD's preprocessing of images: [0, 1] and nothing else.

    Images of bytes are divided by 255, whatever the training images span; others are
    scaled by the smallest and the largest value of the training images.

    Args:
        x: Training images, array or `Rows` of shape `(samples, height, width, channels)`.
    """
    if np.dtype(x.dtype) == np.uint8:
        layer = keras.layers.Rescaling(1 / 255, dtype="float32")
        layer.build((None, *x.shape[1:]))
        return layer
    layer = MinMaxScaling()
    layer.adapt(x)
    return layer


def imagenet(x: Any) -> Preprocessing:
    """What weights trained on ImageNet expect: [0, 1], then ImageNet's mean and deviation.

    Args:
        x: Training images, array or `Rows` of shape `(samples, height, width, 3)`.

    Raises:
        ValueError: If they have not three channels.
    """
    if x.shape[-1] != 3:
        raise ValueError(
            "`preprocessing='imagenet'` needs images of three channels. Received: images of shape "
            f"{tuple(x.shape[1:])}"
        )
    mean, deviation = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
    centered = keras.layers.Rescaling(
        scale=[1 / d for d in deviation],
        offset=[-m / d for m, d in zip(mean, deviation, strict=True)],
        dtype="float32",
    )
    layer = Preprocessing([unit_range(x), centered])
    layer.build((None, *x.shape[1:]))
    layer.built = True
    return layer


IMAGE_PREPROCESSINGS = {"contrast": contrast_min_max, "unit": unit_range, "imagenet": imagenet}
"""What makes the layer for images, by the name that the data sets take."""


def min_max(x: Any) -> MinMaxScaling:
    """Deep SAD's preprocessing of tables: every column to [0, 1].

    The reference standardises to zero mean and unit variance first. Both steps
    are linear per column, so the second undoes the first: the result is the same
    and a constant column (which becomes 0) is divided by nothing.

    Args:
        x: Training rows, array or `Rows` of shape `(samples, features)`.
    """
    layer = MinMaxScaling(per_feature=True)
    layer.adapt(x)
    return layer


def _batches(x: Any) -> Iterator[np.ndarray]:
    return chunks(x, rows_at_once(x.shape[1:]))


def _as_indexable(x: Any) -> Any:
    return x if is_lazy(x) else np.asarray(x)


def _applied(
    layers: list[keras.layers.Layer], batches: Iterable[np.ndarray]
) -> Iterator[np.ndarray]:
    for batch in batches:
        # As the models do before they apply them.
        x = np.asarray(batch, "float32")
        for layer in layers:
            x = layer(x)
        yield ops.convert_to_numpy(x)
