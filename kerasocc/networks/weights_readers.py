"""Readers of weights files of Keras, torch, safetensors and NumPy."""

from __future__ import annotations

import importlib
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from kerasocc.datasets.storage.npz import NpzFile

STATISTICS = ("moving_mean", "moving_variance")
KERAS = {
    ("conv2d", 1): ("kernel",),
    ("global_batch_normalization", 2): STATISTICS,
    ("global_batch_normalization", 4): ("gamma", "beta", *STATISTICS),
}
"""Names of the weights in Keras's order, by class and number, which its files do not hold."""
SHOWN = 5
"""Maximum number of names that an error lists."""
SUFFIX_LIST = "a file ending in .weights.h5, .pth or .pt, .safetensors, or .npz"


def reader_for(path: Any) -> Callable[[Path], dict[str, Any]]:
    """The function that reads a file into arrays by name, chosen by its suffix."""
    is_path = isinstance(path, (str, os.PathLike))
    found = [r for suffix, r in READERS.items() if is_path and str(path).lower().endswith(suffix)]
    if not found:
        raise ValueError(f"`weights` must be {SUFFIX_LIST}. Received: weights={path!r}")
    if not Path(path).is_file():
        raise FileNotFoundError(f"There is no file {str(path)!r}, which `weights` names.")
    return found[0]


def list_names(names: list[str]) -> str:
    """The first few names and the number of the others, for an error."""
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(f"`{name}`" for name in names[:SHOWN]) + more


def read_keras(path: Path) -> dict[str, Any]:
    """Read `.weights.h5`; names are `<layer>/<weight>`."""
    import h5py

    arrays = {}
    try:
        with h5py.File(path) as file:
            for key, layer in file["layers"].items():
                variables = layer["vars"]
                kind = re.sub(r"_\d+$", "", key)
                names = KERAS.get((kind, len(variables)), variables)
                for number, name in enumerate(names):
                    arrays[f"{variables.attrs['name']}/{name}"] = variables[str(number)][()]
    except (OSError, KeyError, AttributeError, TypeError, ValueError) as error:
        raise _unreadable(path, "weights file of Keras", error) from error
    return arrays


def _read_torch(path: Path) -> dict[str, Any]:
    torch = _import(path, "torch")
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # the parsers of zip and pickle raise many kinds
        raise _unreadable(path, "state dict of torch", error) from error
    is_dict = isinstance(state, dict)
    if not is_dict or not all(isinstance(k, str) and torch.is_tensor(v) for k, v in state.items()):
        received = list_names([str(k) for k in state]) if is_dict else type(state).__name__
        raise ValueError(
            f"{str(path)!r} must hold a state dict of torch: names and tensors, nothing else. "
            f"Received: {received}"
        )
    return _named_as_torchvision({k: v.detach().float().numpy() for k, v in state.items()})


def _read_safetensors(path: Path) -> dict[str, Any]:
    safetensors = _import(path, "safetensors.numpy")
    try:
        return _named_as_torchvision(safetensors.load_file(path))
    except Exception as error:  # errors of the package and of NumPy
        raise _unreadable(path, "safetensors file", error) from error


def _read_npz(path: Path) -> dict[str, Any]:
    with NpzFile(path) as file:
        return _named_as_torchvision({name: file.read(name) for name in file.names})


READERS = {
    ".weights.h5": read_keras,
    ".pth": _read_torch,
    ".pt": _read_torch,
    ".safetensors": _read_safetensors,
    ".npz": _read_npz,
}


def _named_as_torchvision(arrays: dict[str, Any]) -> dict[str, Any]:
    """Drop the prefix of `DataParallel`, the classification layer and the batch counters."""
    if all(name.startswith("module.") for name in arrays):
        arrays = {name.removeprefix("module."): array for name, array in arrays.items()}
    return {
        name: array
        for name, array in arrays.items()
        if not name.startswith("fc.") and not name.endswith("num_batches_tracked")
    }


def _import(path: Path, module: str) -> Any:
    package = module.split(".")[0]
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise ValueError(
            f"Reading {str(path)!r} needs the package {package}, which could not be imported "
            f"({error}). Install it with `pip install {package}`, or save the arrays as .npz."
        ) from error


def _unreadable(path: Path, kind: str, error: Exception) -> ValueError:
    # torch's message fills a page and advises unsafe loading: keep its first sentence.
    reason = str(error).split(". ")[0]
    return ValueError(f"{str(path)!r} is no readable {kind}: {type(error).__name__}: {reason}")
