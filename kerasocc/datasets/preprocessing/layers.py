"""Keras layers that normalise contrast, scale to [0, 1] and chain such layers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import keras
import numpy as np
from keras import ops

from kerasocc.datasets.preprocessing.offsets import (
    Offset,
    OffsetLayer,
    Precision,
    build_to_adapt,
)
from kerasocc.datasets.storage.precision import loses_in_float32
from kerasocc.datasets.storage.rows import chunks, is_lazy
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
        # Rounding moves the entries of a constant sample from their mean by less than this.
        noise = 1e-6 * ops.max(ops.abs(x), axis=axes, keepdims=True)
        # NaN does not count as constant: it must remain NaN.
        constant = scale <= noise
        return ops.where(constant, 0.0, centered / ops.where(constant, 1.0, scale))

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape

    def get_config(self) -> dict[str, Any]:
        return {"name": self.name}


@keras.saving.register_keras_serializable(package="kerasocc")
class MinMaxScaling(OffsetLayer):
    """Scale linearly so that the adapted data span [0, 1]; new data may exceed it.

    A constant feature maps to 0.

    Args:
        per_feature: Whether every entry of the last axis has its own range
            (tabular data) or all entries share one (images, as in Deep SVDD).
        precise: Whether samples are float64 and the minimum is subtracted in float64, before
            the cast to float32. `adapt` finds it out: it is so for samples in float64 of which
            a column differs by less than float32 can tell, such as seconds since 1970.
        name: Name of the layer.
    """

    def __init__(
        self, *, per_feature: bool = False, precise: bool = False, name: str | None = None
    ):
        super().__init__(precise=precise, name=name)
        self.per_feature = per_feature

    def build(self, input_shape: Any) -> None:
        shape = (input_shape[-1],) if self.per_feature else ()
        self._offset = Offset(self, "minimum", shape, self.precise)
        self.minimum = self._offset.high
        self.range = add_state(self, "range", shape, initial=1.0)

    def adapt(self, x: Any) -> None:
        """Set the range from samples, an array or `Rows` of shape `(samples, ...)`."""
        self.adapt_batches(_batches(_as_indexable(x)))

    def adapt_batches(self, batches: Iterable[np.ndarray]) -> None:
        """Set the range from batches of samples, shape `(batch, ...)`, read once."""
        minimum, maximum = np.inf, -np.inf
        found = Precision()
        for x in found.watching(batches):
            axes = tuple(range(x.ndim - 1)) if self.per_feature else None
            minimum = np.minimum(minimum, x.min(axis=axes))
            maximum = np.maximum(maximum, x.max(axis=axes))
        build_to_adapt(self, (None, *x.shape[1:]), found.matters and self.per_feature)
        if self.precise:
            span = np.float32(np.float64(maximum) - minimum)
        else:
            span = np.float32(maximum) - np.float32(minimum)
        self._offset.assign(minimum)
        self.range.assign(np.where(span > 0, span, 1.0))

    def call(self, x: Any) -> Any:
        """Scale samples of shape `(batch, ...)`."""
        return self._offset.subtracted_from(x) / self.range

    def get_config(self) -> dict[str, Any]:
        return {"per_feature": self.per_feature, **super().get_config()}


@keras.saving.register_keras_serializable(package="kerasocc")
class Preprocessing(keras.layers.Layer):
    """A chain of layers, adapted in order, each on the output of those before it.

    Args:
        layers: Layers that preserve the shape of their input. Those with a method
            `adapt_batches(batches)`, else `adapt(x)`, are adapted.
        name: Name of the layer.
    """

    def __init__(self, layers: list[keras.layers.Layer], *, name: str | None = None):
        super().__init__(name=name, dtype="float32", autocast=False)
        self.layers = list(layers)

    @property
    def sample_dtype(self) -> str:
        """The dtype that samples are to have, `"float32"` or `"float64"`."""
        return getattr(self.layers[0], "sample_dtype", "float32") if self.layers else "float32"

    def build(self, input_shape: Any) -> None:
        for layer in self.layers:
            if not layer.built:
                layer.build(input_shape)
                layer.built = True

    def adapt(self, x: Any) -> Preprocessing:
        """Adapt the layers and return self.

        Args:
            x: Array or `Rows` of shape `(samples, ...)`. It is processed in batches;
                only for a layer without `adapt_batches` are the outputs of the layers
                before it held in memory.
        """
        x = _as_indexable(x)
        for number, layer in enumerate(self.layers):
            batches = _applied(self.layers[:number], _batches(x))
            if hasattr(layer, "adapt_batches"):
                layer.adapt_batches(batches)
            elif hasattr(layer, "adapt"):
                layer.adapt(np.concatenate(list(batches)))
        if not self.built:
            # Not before: layers find out what they have to be built for.
            self.build((None, *x.shape[1:]))
            self.built = True
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


def _batches(x: Any) -> Iterator[np.ndarray]:
    return chunks(x)


def _as_indexable(x: Any) -> Any:
    return x if is_lazy(x) else np.asarray(x)


def _applied(
    layers: list[keras.layers.Layer], batches: Iterable[np.ndarray]
) -> Iterator[np.ndarray]:
    for batch in batches:
        # The models cast their inputs to float32 as well, unless that loses what distinguishes
        # them.
        batch = np.asarray(batch)
        x = batch if loses_in_float32(batch) else batch.astype("float32", copy=False)
        for layer in layers:
            x = layer(x)
        yield ops.convert_to_numpy(x)
