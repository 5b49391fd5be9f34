"""Model files that are complete or absent, and weights that old files may lack."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from typing import Any

import keras

from kerasocc.engine.keras_contract import (
    own_variables,
    weights_file_in_memory,
)
from kerasocc.engine.model_protocols import ScorableModel
from kerasocc.engine.strategy_contract import outside_of_workers
from kerasocc.files import complete_or_absent, write_bytes


def write_atomically(
    write: Callable[..., None], filepath: Any, overwrite: bool, **kwargs: Any
) -> None:
    """Have Keras write a file, completely or not at all.

    Args:
        write: Keras's method.
        filepath: Its argument. Remote paths and folders are left to Keras.
        overwrite: Its argument.
        **kwargs: Further ones.
    """
    write = functools.partial(outside_of_workers, write)
    path = str(filepath)
    single_local_file = path.endswith((".keras", ".h5")) and "://" not in path
    if not single_local_file or (not overwrite and os.path.exists(path)):
        write(filepath, overwrite=overwrite, **kwargs)
        return
    if path.endswith(".weights.h5") and not kwargs.get("max_shard_size"):
        # HDF5 ends the process where a disk is full, so it gets no file to write.
        memory = weights_file_in_memory()
        write(memory, **kwargs)
        write_bytes(path, memory.getbuffer())
        return
    with complete_or_absent(path) as temporary:
        write(temporary, **kwargs)


def store_variables(model: ScorableModel, store: Any) -> None:
    """Store the weights that a model itself created.

    Keras stores them by position, so that a weight added later would shift the others. Those
    of `model.named_state` and `model.data_state` are stored by name, behind the others.
    """
    by_position, by_name = _divided(model)
    for position, variable in enumerate(by_position):
        store[str(position)] = variable
    for name, variable in by_name.items():
        store[name] = variable


def restore_variables(model: ScorableModel, store: Any) -> None:
    """Read what `store_variables`, or an earlier version of the package, has stored.

    Raises:
        ValueError: If the number of weights differs.
    """
    keys = set(store.keys())
    # Keras skips the build config of a model that its constructor builds, so that sizes
    # cannot come from there.
    for name in inherited_names(model, "data_state"):
        if name in keys:
            size_state(model, name, tuple(store[name].shape))
    by_position, by_name = _divided(model)
    stored = keys - set(by_name)
    if stored != {str(position) for position in range(len(by_position))}:
        raise ValueError(
            f"Layer '{model.name}' expected {len(by_position)} variables, but received "
            f"{len(stored)} variables during loading. Expected by position: "
            f"{[variable.name for variable in by_position]}; by name: {list(by_name)}. Received "
            f"by name: {sorted(key for key in keys if not key.isdecimal())}"
        )
    for position, variable in enumerate(by_position):
        variable.assign(store[str(position)])
    for name, variable in by_name.items():
        if name in keys:
            variable.assign(store[name])
        else:
            model.derive_state(name)


def size_state(model: ScorableModel, name: str, shape: tuple[int, ...]) -> None:
    """Have a weight of `model.data_state` be of a shape, and the attribute of its name hold it.

    One that is of this shape stays: a process that restores a backup alone must not make a
    weight, for which all workers wait for each other.
    """
    weight = getattr(model, name, None)
    if weight is None or tuple(weight.shape) != shape:
        setattr(model, name, model.add_state(name, shape))


def _divided(model: ScorableModel) -> tuple[list[Any], dict[str, Any]]:
    """The model's own weights: those stored by position, and those stored by name."""
    own = own_variables(model)
    names = {*inherited_names(model, "named_state"), *inherited_names(model, "data_state")}
    by_name = {v.name: v for v in own if v.name in names}
    return [v for v in own if v.name not in by_name], by_name


def inherited_names(model: ScorableModel, attribute: str) -> list[str]:
    """Names that a class and its base classes list, so that a list need not repeat theirs."""
    lists = [vars(cls).get(attribute, ()) for cls in type(model).__mro__]
    return list(dict.fromkeys(name for names in lists for name in names))


def restored(config: dict[str, Any], custom_objects: Any = None) -> dict[str, Any]:
    """The arguments of a constructor from a config, serialized objects among them restored."""

    def value_of(value: Any) -> Any:
        if isinstance(value, dict) and "class_name" in value:
            return keras.saving.deserialize_keras_object(value, custom_objects)
        if isinstance(value, list):
            return [value_of(entry) for entry in value]
        return value

    # Constructors of users' own models may not have these arguments.
    optional = ("feature_names", "augmentation")
    known = {n: v for n, v in config.items() if n not in optional or v is not None}
    return {name: value_of(value) for name, value in known.items()}
