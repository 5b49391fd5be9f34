"""The devices that a run trains on, and the processes that train it together.

All workers do the same, each from the data that it reads itself. The chief alone has the folder
of the run: it tells the others the settings, and what an interrupted run has left.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from kerasocc.experiments.runs.startup import import_keras

NONE, MIRRORED, MULTI_WORKER = STRATEGIES = ("none", "mirrored", "multi-worker")


class Task(NamedTuple):
    """What `TF_CONFIG` says of this process.

    Attributes:
        is_chief: Whether it writes the folder of the run.
        workers: Number of the processes.
    """

    is_chief: bool = True
    workers: int = 1


def task_of(text: str | None) -> Task:
    """Read `TF_CONFIG`.

    Args:
        text: Its value, None if it is not set.

    Raises:
        ValueError: If it does not say which of several workers this process is.
    """
    try:
        content = json.loads(text or "")
        addresses, task = content["cluster"], content["task"]
        kind, number = task["type"], int(task["index"])
        chiefs, others = (len(addresses.get(name, ())) for name in ("chief", "worker"))
        known = {"chief": chiefs, "worker": others}
        if set(addresses) - set(known) or chiefs > 1 or not 0 <= number < known[kind]:
            raise ValueError(text)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(
            "`--strategy multi-worker` needs the variable TF_CONFIG, with the addresses of all "
            'workers and the number of this one: {"cluster": {"worker": ["host1:12345", '
            '"host2:12345"]}, "task": {"type": "worker", "index": 0}}. Received: '
            f"TF_CONFIG={text!r}"
        ) from error
    return Task(kind == "chief" or (not chiefs and number == 0), chiefs + others)


class Workers:
    """The workers of a run, this process one of them.

    Args:
        strategy: One of `STRATEGIES`.

    Raises:
        ValueError: If `TF_CONFIG` does not say what several workers need.
    """

    def __init__(self, strategy: str = NONE):
        self.strategy = strategy
        several = strategy == MULTI_WORKER
        self.is_chief, self.count = task_of(os.environ.get("TF_CONFIG")) if several else Task()
        self.replicas = 1
        self._distributed: Any = None
        self._processes: Any = None

    @property
    def description(self) -> dict[str, Any]:
        """What the results of a run hold of its devices; nothing of a single one."""
        known = {"strategy": self.strategy, "replicas": self.replicas, "workers": self.count}
        return {} if self.strategy == NONE else known

    def start(self) -> None:
        """Import Keras, and wait for the other workers.

        Raises:
            ValueError: If the backend has no such strategy.
        """
        import_keras(self._make_strategy)

    def _make_strategy(self) -> None:
        import keras

        backend = keras.backend.backend()
        if self.strategy == MIRRORED and backend == "jax":
            self._distributed = keras.distribution.DataParallel()
            self.replicas = self._distributed.device_mesh.devices.size
        elif self.strategy != NONE and backend == "tensorflow":
            import tensorflow as tf

            # What it says of devices without NCCL is meant for programmers.
            tf.get_logger().setLevel("ERROR")
            is_one = self.strategy == MIRRORED
            name = "MirroredStrategy" if is_one else "MultiWorkerMirroredStrategy"
            self._distributed = getattr(tf.distribute, name)()
            self.replicas = self._distributed.num_replicas_in_sync
        elif self.strategy != NONE:
            allowed = "mirrored or none" if backend == "jax" else "none"
            raise ValueError(
                f"`--strategy` must be {allowed} on the {backend} backend. Received: "
                f"--strategy {self.strategy}"
            )

    @contextlib.contextmanager
    def scope(self) -> Iterator[None]:
        """Make and train models on all devices in this context.

        Raises:
            ConnectionError: If another worker has ended before.
        """
        with contextlib.ExitStack() as stack:
            if self._distributed is not None:
                stack.enter_context(self._distributed.scope())
            if self.count > 1:
                import keras

                from kerasocc.engine import restart, workers

                # It knows the processes by the strategy of a model.
                self._processes = workers.Workers(keras.Model())
                stack.enter_context(restart.lost_workers_named(self._processes))
            yield

    def tell(self, say: Callable[[], Any]) -> Any:
        """What the chief says, in every worker; in `scope`.

        Args:
            say: Called by the chief, returns what JSON can hold. What it raises is raised there,
                and by the others as a `ValueError`.
        """
        if self.count == 1:
            return say()
        if not self.is_chief:
            message = json.loads(self._from_chief(b""))
            if "error" in message:
                raise ValueError(f"The chief has ended: {message['error']}")
            return message["said"]
        try:
            message = {"said": say()}
        except (ValueError, OSError) as error:
            self._from_chief(json.dumps({"error": str(error)}).encode())
            raise
        self._from_chief(json.dumps(message).encode())
        return message["said"]

    def share(self, folder: Path, names: tuple[str, ...]) -> None:
        """Copy files and folders of the chief's folder into those of the others.

        Args:
            folder: Each worker's own.
            names: What is copied from it.
        """
        if self.count == 1:
            return
        packed = self._from_chief(_pack(folder, names) if self.is_chief else b"")
        if not self.is_chief:
            with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
                archive.extractall(folder, filter="data")

    def wait(self) -> None:
        """Wait until all workers have come here."""
        if self.count > 1:
            self._from_chief(b"")

    def _from_chief(self, content: bytes) -> bytes:
        """What the chief passes, in every worker."""
        import numpy as np

        return self._processes.array_of(0, np.frombuffer(content, "uint8")).tobytes()


def _pack(folder: Path, names: tuple[str, ...]) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for name in names:
            if (folder / name).exists():
                # The lock is each process's own.
                archive.add(
                    folder / name, name, filter=lambda f: None if f.name.endswith("/lock") else f
                )
    return packed.getvalue()


ALONE = Workers()
"""A single process without a strategy."""
