"""Weights from files: all of them, checked, or none."""

from __future__ import annotations

import importlib
import logging
import os
import re
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np

from kerasocc.datasets.storage.npz import NpzFile
from kerasocc.networks.conditions import leaf_layers

TORCH = {
    "kernel": "weight",
    "gamma": "weight",
    "beta": "bias",
    "moving_mean": "running_mean",
    "moving_variance": "running_var",
}
"""Names of torch for the weights of convolutions and BatchNorm."""
STATISTICS = ("moving_mean", "moving_variance")
KERAS = {
    ("conv2d", 1): ("kernel",),
    ("global_batch_normalization", 2): STATISTICS,
    ("global_batch_normalization", 4): ("gamma", "beta", *STATISTICS),
}
"""Weights in Keras's order by class and number: its files tell no more."""
SHOWN = 5
"""How many names an error lists."""

logger = logging.getLogger("kerasocc")


class Slot(NamedTuple):
    """What a file must hold for one weight of the model."""

    variable: keras.Variable
    part: str
    """`kernel`, `gamma`, `beta`, `moving_mean` or `moving_variance`."""
    axes: tuple[int, ...]
    """For each axis of the variable, the axis of the file's array."""

    def shape(self) -> tuple[int, ...]:
        """Shape of the array in the file."""
        sizes = dict(zip(self.axes, self.variable.shape, strict=True))
        return tuple(sizes[axis] for axis in sorted(sizes))


class WeightsFile:
    """The arrays of a file, for a model of convolutions and BatchNorm.

    Args:
        path: `.weights.h5` of Keras; or `.pth`, `.pt`, `.safetensors` or `.npz` with names
            and axes of torch. Of these `fc.*` and `num_batches_tracked` are ignored, and so
            is the prefix `module.` if all names have it.

    Raises:
        ValueError: If the file is of another kind or not readable, or if the package that
            reads it is missing.
        FileNotFoundError: If there is no such file.
    """

    def __init__(self, path: str | os.PathLike):
        read = _reader(path)
        self._path = Path(path)
        self._of_keras = read is _read_keras
        self._arrays = read(self._path)

    def load_into(self, model: keras.Model, torch_layer: Callable[[str], str]) -> None:
        """Assign all weights, or none if anything is wrong with the file.

        Scales and offsets of a BatchNorm that has none in the model are left out, and
        the log says so.

        Args:
            model: The model.
            torch_layer: Gives torch's name of a layer for Keras's.

        Raises:
            ValueError: If the file does not hold exactly these weights, of these shapes,
                all finite.
        """
        slots, absent = _slots(model, None if self._of_keras else torch_layer)
        left_out = absent & self._arrays.keys()
        _check_names(self._path, slots.keys(), self._arrays.keys() - left_out)
        values = [_value(self._path, k, slot, self._arrays[k]) for k, slot in slots.items()]
        for slot, value in zip(slots.values(), values, strict=True):
            slot.variable.assign(value)
        if left_out:
            logger.warning(
                "The scales and offsets of BatchNorm in %r (%d arrays) were left out because "
                "`use_bias=False`: the embeddings are not those of the network that was trained.",
                str(self._path),
                len(left_out),
            )


def _reader(path: Any) -> Callable[[Path], dict[str, Any]]:
    is_path = isinstance(path, (str, os.PathLike))
    found = [r for suffix, r in READERS.items() if is_path and str(path).lower().endswith(suffix)]
    if not found:
        raise ValueError(f"`weights` must be {SUFFIX_LIST}. Received: weights={path!r}")
    if not Path(path).is_file():
        raise FileNotFoundError(f"There is no file {str(path)!r}, which `weights` names.")
    return found[0]


def _slots(
    model: keras.Model, torch_layer: Callable[[str], str] | None
) -> tuple[dict[str, Slot], set[str]]:
    """Slots by their name in the file; names of the scales and offsets there is no slot for."""

    def name(layer: keras.layers.Layer, part: str) -> str:
        return f"{torch_layer(layer.name)}.{TORCH[part]}" if torch_layer else f"{layer.name}/{part}"

    slots, absent = {}, set()
    for layer in leaf_layers(model):
        for variable in layer.weights:
            axes = tuple(range(len(variable.shape)))
            if torch_layer and variable.name == "kernel":
                axes = (2, 3, 1, 0)
            slots[name(layer, variable.name)] = Slot(variable, variable.name, axes)
        if isinstance(layer, keras.layers.BatchNormalization):
            absent |= {name(layer, part) for part in ("gamma", "beta")}
    return slots, absent - slots.keys()


def _check_names(path: Path, expected: Collection[str], received: Collection[str]) -> None:
    differences = {
        "missing": [name for name in expected if name not in received],
        "unknown": sorted(set(received) - set(expected)),
    }
    found = [f"{what} are {_some(names)}" for what, names in differences.items() if names]
    if found:
        raise ValueError(
            f"{str(path)!r} does not hold the weights of this network: {'; '.join(found)}"
        )


def _some(names: list[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(f"`{name}`" for name in names[:SHOWN]) + more


def _value(path: Path, name: str, slot: Slot, array: Any) -> np.ndarray:
    """The array as the variable wants it."""
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
    if slot.part == "moving_variance" and array.min() < 0:
        raise ValueError(f"{place} must not be negative. Received: {array.min()} among them")
    return array.transpose(slot.axes)


def _read_keras(path: Path) -> dict[str, Any]:
    import h5py

    arrays = {}
    try:
        with h5py.File(path) as file:
            for key, layer in file["layers"].items():
                variables = layer["vars"]
                kind = re.sub(r"_\d+$", "", key)
                parts = KERAS.get((kind, len(variables)), variables)
                for number, part in enumerate(parts):
                    arrays[f"{variables.attrs['name']}/{part}"] = variables[str(number)][()]
    except (OSError, KeyError, AttributeError, TypeError, ValueError) as error:
        raise _unreadable(path, "weights file of Keras", error) from error
    return arrays


def _read_torch(path: Path) -> dict[str, Any]:
    torch = _package(path, "torch")
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # whatever the parsers of zip and pickle stumble over
        raise _unreadable(path, "state dict of torch", error) from error
    is_dict = isinstance(state, dict)
    if not is_dict or not all(isinstance(k, str) and torch.is_tensor(v) for k, v in state.items()):
        raise ValueError(
            f"{str(path)!r} must hold a state dict of torch: names and tensors, nothing else. "
            f"Received: {_some([str(k) for k in state]) if is_dict else type(state).__name__}"
        )
    return _named_as_torchvision({k: v.detach().float().numpy() for k, v in state.items()})


def _read_safetensors(path: Path) -> dict[str, Any]:
    safetensors = _package(path, "safetensors.numpy")
    try:
        return _named_as_torchvision(safetensors.load_file(path))
    except Exception as error:  # its own class of errors, and those of NumPy
        raise _unreadable(path, "safetensors file", error) from error


def _read_npz(path: Path) -> dict[str, Any]:
    with NpzFile(path) as file:
        return _named_as_torchvision({name: file.read(name) for name in file.names})


READERS = {
    ".weights.h5": _read_keras,
    ".pth": _read_torch,
    ".pt": _read_torch,
    ".safetensors": _read_safetensors,
    ".npz": _read_npz,
}
SUFFIX_LIST = "a file ending in .weights.h5, .pth or .pt, .safetensors, or .npz"


def _named_as_torchvision(arrays: dict[str, Any]) -> dict[str, Any]:
    """Without the prefix of `DataParallel`, the classification layer and the batch counters."""
    if all(name.startswith("module.") for name in arrays):
        arrays = {name.removeprefix("module."): array for name, array in arrays.items()}
    return {
        name: array
        for name, array in arrays.items()
        if not name.startswith("fc.") and not name.endswith("num_batches_tracked")
    }


def _package(path: Path, module: str) -> Any:
    package = module.split(".")[0]
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise ValueError(
            f"Reading {str(path)!r} needs the package {package}, which could not be imported "
            f"({error}). Install it with `pip install {package}`, or save the arrays as .npz."
        ) from error


def _unreadable(path: Path, kind: str, error: Exception) -> ValueError:
    # torch goes on for a page, and advises to load the file unsafely.
    reason = str(error).split(". ")[0]
    return ValueError(f"{str(path)!r} is no readable {kind}: {type(error).__name__}: {reason}")
