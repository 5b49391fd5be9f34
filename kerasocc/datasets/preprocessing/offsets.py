"""Offsets that layers subtract from samples: in float64 where float32 would lose the difference."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterable, Iterator
from typing import Any

import keras
import numpy as np
from keras import ops

from kerasocc.datasets.storage.precision import in_two_parts, loses_in_float32
from kerasocc.state import add_state


def has_float64() -> bool:
    """Return whether the Keras backend computes in float64."""
    if keras.backend.backend() != "jax":
        return True
    import jax

    return bool(jax.config.jax_enable_x64)


def sample_dtype(precise: bool) -> str:
    """Return the dtype of the samples of a layer that may subtract in float64."""
    return "float64" if precise and has_float64() else "float32"


class Precision:
    """Whether float32 loses what distinguishes the samples that pass by.

    Attributes:
        matters: Whether one of the batches so far has such a column.
    """

    def __init__(self):
        self.matters = False

    def watching(self, batches: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
        """Pass batches on and look at them."""
        for batch in batches:
            self.matters = self.matters or loses_in_float32(batch)
            yield batch


def build_to_adapt(layer: Any, shape: tuple[int | None, ...], precise: bool) -> None:
    """Build a layer with an attribute `precise`, or check that it was built for such samples.

    Raises:
        ValueError: If it was built for samples in float32, and these lose by it.
    """
    if not layer.built:
        layer.precise = layer.precise or precise
        layer.build(shape)
        layer.built = True
    elif precise and not layer.precise:
        raise ValueError(
            f"`x` must be like the samples that {layer.name} was adapted to or built for: it "
            "computes in float32, which does not tell these samples apart. Adapt a new layer. "
            f"Received: x of dtype float64, precise={layer.precise}"
        )


class Offset:
    """A weight `name` of a layer and, for samples in float64, `name_rest`, which add up to it.

    Args:
        layer: The layer.
        name: Name of the weight and of the attribute of the layer that holds it.
        shape: Its shape.
        precise: Whether samples are float64.
    """

    def __init__(self, layer: keras.layers.Layer, name: str, shape: tuple[int, ...], precise: bool):
        # NaN until it is set, so that nothing can be scaled by mistake.
        self.high = add_state(layer, name, shape, initial=math.nan)
        self.rest = add_state(layer, f"{name}_rest", shape) if precise else None
        if precise and not has_float64():
            warnings.warn(
                f"{layer.name} was adapted to samples that differ by less than float32 can tell, "
                "and JAX computes in float32: scores will be less accurate than those of the "
                "TensorFlow backend. Set JAX_ENABLE_X64=1 to have float64.",
                stacklevel=2,
            )

    @property
    def is_set(self) -> bool:
        """Whether the offset has been set."""
        return not np.isnan(ops.convert_to_numpy(self.high)).any()

    def assign(self, values: np.ndarray) -> None:
        """Set the offset, shape as given, float64 or float32."""
        high, rest = in_two_parts(np.asarray(values, "float64"))
        self.high.assign(high)
        if self.rest is not None:
            self.rest.assign(rest)

    def subtracted_from(self, x: Any) -> Any:
        """Subtract the offset from a tensor `(batch, ...)`; returns float32."""
        if self.rest is None:
            return ops.cast(x, "float32") - self.high
        dtype = keras.backend.standardize_dtype(x.dtype)
        if dtype in ("float16", "bfloat16", "float32") or not has_float64():
            return (ops.cast(x, "float32") - self.high) - self.rest
        exact = ops.cast(self.high, "float64") + ops.cast(self.rest, "float64")
        return ops.cast(ops.cast(x, "float64") - exact, "float32")


class OffsetLayer(keras.layers.Layer):
    """A layer that preserves the shape of samples and subtracts an offset from them first.

    `build` of a subclass sets `_offset`, an `Offset`.

    Args:
        precise: Whether samples are float64 and the offset is subtracted in float64.
        name: Name of the layer.
    """

    def __init__(self, *, precise: bool = False, name: str | None = None):
        # Without autocast float64 is not cast before the offset is subtracted.
        super().__init__(name=name, dtype="float32", autocast=False)
        self.precise = precise

    @property
    def sample_dtype(self) -> str:
        """The dtype that samples are to have, `"float32"` or `"float64"`."""
        return sample_dtype(self.precise)

    @property
    def is_adapted(self) -> bool:
        """Whether the layer has been adapted."""
        return self.built and self._offset.is_set

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape

    def get_config(self) -> dict[str, Any]:
        return {"name": self.name, **({"precise": True} if self.precise else {})}
