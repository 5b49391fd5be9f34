"""Preprocessing as Keras layers: adapted on training data, saved inside the model."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops

ADAPT_BATCH_SIZE = 1000


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
        self.minimum = self._constant("minimum", shape, 0.0)
        self.range = self._constant("range", shape, 1.0)

    def _constant(self, name: str, shape: tuple[int, ...], value: float) -> Any:
        return self.add_weight(
            shape=shape,
            initializer=keras.initializers.Constant(value),
            trainable=False,
            aggregation="only_first_replica",
            name=name,
        )

    def adapt(self, x: np.ndarray) -> None:
        """Set the range from samples of shape `(samples, ...)`."""
        x = np.asarray(x)
        if not self.built:
            self.build((None, *x.shape[1:]))
            self.built = True
        axes = tuple(range(x.ndim - 1)) if self.per_feature else None
        minimum = x.min(axis=axes).astype("float32")
        span = x.max(axis=axes).astype("float32") - minimum
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
            `adapt(x)` are adapted on what their predecessors make of the data.
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

    def adapt(self, x: np.ndarray) -> Preprocessing:
        """Adapt the layers on samples of shape `(samples, ...)` and return self."""
        x = np.asarray(x, "float32")
        if not self.built:
            self.build((None, *x.shape[1:]))
            self.built = True
        for number, layer in enumerate(self.layers):
            if hasattr(layer, "adapt"):
                layer.adapt(x)
            if number < len(self.layers) - 1:
                x = _applied(layer, x)
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


def contrast_min_max(x: np.ndarray) -> Preprocessing:
    """Deep SVDD's preprocessing of images: contrast normalisation, then [0, 1].

    Args:
        x: Training images, shape `(samples, height, width, channels)`.
    """
    return Preprocessing([GlobalContrastNormalization(), MinMaxScaling()]).adapt(x)


def min_max(x: np.ndarray) -> MinMaxScaling:
    """Deep SAD's preprocessing of tables: every column to [0, 1].

    The reference standardises to zero mean and unit variance first. Both steps
    are linear per column, so the second undoes the first: the result is the same
    and a constant column (which becomes 0) is divided by nothing.

    Args:
        x: Training rows, shape `(samples, features)`.
    """
    layer = MinMaxScaling(per_feature=True)
    layer.adapt(x)
    return layer


def _applied(layer: keras.layers.Layer, x: np.ndarray) -> np.ndarray:
    parts = range(0, len(x), ADAPT_BATCH_SIZE)
    return np.concatenate([ops.convert_to_numpy(layer(x[i : i + ADAPT_BATCH_SIZE])) for i in parts])
