"""Loading the weights of a network from a file: all of them, checked, or none."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np

from kerasocc.networks.conditions import leaf_layers
from kerasocc.networks.weights_readers import list_names, read_keras, reader_for

TORCH = {
    "kernel": "weight",
    "gamma": "weight",
    "beta": "bias",
    "moving_mean": "running_mean",
    "moving_variance": "running_var",
}
"""Names in torch for the weights of convolutions and BatchNorm."""

logger = logging.getLogger("kerasocc")


class Slot(NamedTuple):
    """One weight of the model, and the array that the file must hold for it."""

    variable: keras.Variable
    name: str
    """`kernel`, `gamma`, `beta`, `moving_mean` or `moving_variance`."""
    axes: tuple[int, ...]
    """For each axis of the variable the axis of the array in the file."""

    def shape(self) -> tuple[int, ...]:
        """Shape of the array in the file."""
        sizes = dict(zip(self.axes, self.variable.shape, strict=True))
        return tuple(sizes[axis] for axis in sorted(sizes))


class WeightsFile:
    """The arrays of a file, for a model of convolutions and BatchNorm.

    Args:
        path: `.weights.h5` of Keras; or `.pth`, `.pt`, `.safetensors` or `.npz` with the
            names and axes of torch. Of the latter `fc.*` and `num_batches_tracked` are
            ignored, as is the prefix `module.` if all names have it.

    Raises:
        ValueError: If the file has another format or is not readable, or if the package
            that reads it is missing.
        FileNotFoundError: If the file does not exist.
    """

    def __init__(self, path: str | os.PathLike):
        read = reader_for(path)
        self._path = Path(path)
        self._is_from_keras = read is read_keras
        self._arrays = read(self._path)

    def load_into(self, model: keras.Model, torch_layer: Callable[[str], str]) -> None:
        """Assign all weights, or none if the file is not valid for the model.

        Scales and offsets of a BatchNorm that has none in the model are ignored, which is
        logged.

        Args:
            model: The model.
            torch_layer: Maps the name of a layer in Keras to its name in torch.

        Raises:
            ValueError: If the file does not hold exactly the weights of the model, with
                their shapes and finite.
        """
        slots, absent = _slots(model, None if self._is_from_keras else torch_layer)
        ignored = absent & self._arrays.keys()
        _check_names(self._path, slots.keys(), self._arrays.keys() - ignored)
        values = [_value(self._path, k, slot, self._arrays[k]) for k, slot in slots.items()]
        for slot, value in zip(slots.values(), values, strict=True):
            slot.variable.assign(value)
        if ignored:
            logger.warning(
                "The scales and offsets of BatchNorm in %r (%d arrays) were left out because "
                "`use_bias=False`: the embeddings differ from those of the trained network.",
                str(self._path),
                len(ignored),
            )


def _slots(
    model: keras.Model, torch_layer: Callable[[str], str] | None
) -> tuple[dict[str, Slot], set[str]]:
    """Slots by the name in the file, and the names of scales and offsets without a slot."""

    def in_file(layer: keras.layers.Layer, weight: str) -> str:
        if torch_layer is None:
            return f"{layer.name}/{weight}"
        return f"{torch_layer(layer.name)}.{TORCH[weight]}"

    slots, absent = {}, set()
    for layer in leaf_layers(model):
        for variable in layer.weights:
            axes = tuple(range(len(variable.shape)))
            if torch_layer and variable.name == "kernel":
                axes = (2, 3, 1, 0)
            slots[in_file(layer, variable.name)] = Slot(variable, variable.name, axes)
        if isinstance(layer, keras.layers.BatchNormalization):
            absent |= {in_file(layer, weight) for weight in ("gamma", "beta")}
    return slots, absent - slots.keys()


def _check_names(path: Path, expected: Collection[str], received: Collection[str]) -> None:
    differences = {
        "missing": [name for name in expected if name not in received],
        "unknown": sorted(set(received) - set(expected)),
    }
    found = [f"{kind} are {list_names(names)}" for kind, names in differences.items() if names]
    if found:
        raise ValueError(
            f"{str(path)!r} does not hold the weights of this network: {'; '.join(found)}"
        )


def _value(path: Path, name: str, slot: Slot, array: Any) -> np.ndarray:
    """The array of the file, checked, in the layout of the variable."""
    array = np.asarray(array)
    place = f"`{name}` of {str(path)!r}"
    if array.shape != slot.shape():
        raise ValueError(f"{place} must have shape {slot.shape()}. Received: shape={array.shape}")
    if array.dtype.kind not in "fiu":
        raise ValueError(f"{place} must hold real numbers. Received: dtype={array.dtype}")
    with np.errstate(over="ignore"):
        array = array.astype("float32")
    if not np.isfinite(array).all():
        raise ValueError(f"{place} must be finite. Received: NaN or infinite numbers")
    if slot.name == "moving_variance" and array.min() < 0:
        raise ValueError(f"{place} must not be negative. Received: {array.min()} among them")
    return array.transpose(slot.axes)
