"""Several devices under JAX, as `keras.distribution.DataParallel` names them, in any processes.

A program is one for all devices: it sees the whole batch, so no objective has to know of them.
Every process is given all samples. Each device takes its rows of a batch; the compiler pads a
batch that does not divide, and leaves the padding out of every reduction.
"""

from __future__ import annotations

import contextlib
import zlib
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import keras
import numpy as np


def mesh_of(values: Iterable[Any]) -> Any:
    """The `jax.sharding.Mesh` of several devices that one of the arrays lies on, or None."""
    import jax

    for value in values:
        sharding = getattr(value, "sharding", None)
        if isinstance(sharding, jax.sharding.NamedSharding) and sharding.mesh.size > 1:
            return sharding.mesh
    return None


def mesh_of_model(model: keras.Model) -> Any:
    """The mesh of several devices that the weights of a model lie on; None on other backends."""
    if keras.backend.backend() != "jax":
        return None
    return mesh_of(weight.value for weight in model.variables)


def check_mesh(model: keras.Model) -> None:
    """Refuse a distribution that the weights of the model are not on, and one that splits them.

    Raises:
        ValueError: For these.
    """
    distribution = keras.distribution.distribution()
    if isinstance(distribution, keras.distribution.ModelParallel):
        raise ValueError(
            "`keras.distribution` must be a `DataParallel`: the weights of a model are not split. "
            "Received: a `ModelParallel`"
        )
    several = distribution is not None and distribution.device_mesh.devices.size > 1
    if several and mesh_of_model(model) is None:
        raise ValueError(
            "A model must be made (its encoder too) after `keras.distribution.set_distribution`, "
            f"for its weights to be on all devices. Received: {model.name} on one device, and a "
            f"`DataParallel` of {distribution.device_mesh.devices.size}"
        )


def on_devices(step: Callable[[Any, Any], Any], mesh: Any) -> Callable[[Any, Any], Any]:
    """A step whose devices share its batch.

    Args:
        step: `(values, batch) -> results`, to be compiled. All arrays of the batch are of shape
            `(batch, ...)`.
        mesh: The devices; None for one, and for the step as it is.

    Returns:
        The step; every device has all of its results.
    """
    if mesh is None:
        return step
    import jax

    whole, rows = (_sharding(mesh, axes) for axes in ((), (mesh.axis_names[0],)))

    def shared(values, batch):
        results = step(values, jax.lax.with_sharding_constraint(batch, rows))
        return jax.lax.with_sharding_constraint(results, whole)

    return shared


def place(values: np.ndarray, mesh: Any, axis: int = 0) -> Any:
    """Give every device its rows of an array, or all of them where they do not divide.

    Args:
        values: The array, the same in every process.
        mesh: The devices; None for one.
        axis: That of the rows.
    """
    if mesh is None:
        return values
    import jax

    name = mesh.axis_names[0]
    divides = values.shape[axis] % mesh.shape[name] == 0
    sharding = _sharding(mesh, (*[None] * axis, name) if divides else ())
    return jax.make_array_from_callback(values.shape, sharding, lambda rows: values[rows])


def _sharding(mesh: Any, axes: tuple[str | None, ...]) -> Any:
    import jax

    return jax.sharding.NamedSharding(mesh, jax.sharding.PartitionSpec(*axes))


@contextlib.contextmanager
def whole_batches() -> Iterator[None]:
    """Have Keras pass batches on whole in this context.

    It would refuse a batch that does not divide, and take that of every process for another part
    of a larger one.
    """
    distribution = keras.distribution.distribution()
    if distribution is None:
        yield
        return
    keras.distribution.set_distribution(None)
    try:
        yield
    finally:
        keras.distribution.set_distribution(distribution)


def check_processes_agree(model: keras.Model, facts: Callable[[], dict[str, Any]]) -> None:
    """Refuse a training that differs between the processes whose devices the model is on.

    Args:
        model: The model.
        facts: Returns what must be equal, by name: numbers, None or lists of arrays.

    Raises:
        ValueError: In every process, if something differs.
    """
    mesh = mesh_of_model(model)
    if mesh is None or len({device.process_index for device in mesh.devices.flat}) == 1:
        return
    from jax.experimental import multihost_utils

    # JAX itself refuses weights that differ, as it makes them.
    known = facts()
    digests = [zlib.crc32(_bytes_of(fact)) for fact in known.values()]
    everywhere = multihost_utils.process_allgather(np.array(digests, "uint32"))
    differs = (everywhere != everywhere[0]).any(axis=0)
    different = [name for name, differing in zip(known, differs, strict=True) if differing]
    if different:
        raise ValueError(
            "`fit` must get the same samples and settings in every process, and the model the same "
            f"`seed`. Received: different {', '.join(different)}"
        )


def _bytes_of(fact: Any) -> bytes:
    if isinstance(fact, list):
        return b"".join(part.tobytes() for part in fact)
    return repr(fact).encode()
