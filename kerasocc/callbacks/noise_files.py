"""Room for arrays of the size of a training set, and their versions in a folder."""

from __future__ import annotations

import contextlib
import math
import os
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from kerasocc.files import complete_or_absent

MEMORY_LIMIT = 2**30
"""Bytes of noise that are held in memory; beyond, it is a memory-mapped file."""

KEPT = 2
"""Versions in a folder: after a kill between the newest and the backup of the weights, the
one before is the one that fits."""

_NAME = re.compile(r"noise-(\d{6,})-([0-9a-f]{8})\.npy")


def temporary_array(shape: tuple[int, ...]) -> np.ndarray:
    """An array of float32 to write into, in memory or in a file without a name.

    The file vanishes with the process, however that ends.

    Args:
        shape: Of the array.
    """
    if _size(shape) <= MEMORY_LIMIT:
        return np.empty(shape, "float32")
    with tempfile.TemporaryFile() as file:  # the mapping keeps what it needs of it
        _reserve(file.fileno(), _size(shape))
        return np.memmap(file, "float32", "r+", shape=shape)


class NoiseFiles:
    """The versions of the noise of one training set, `noise-<epoch>-<fingerprint>.npy`.

    Args:
        folder: Where they are; it is made when the first one is written.
        fingerprint: Of the training set, eight hexadecimal digits.
    """

    def __init__(self, folder: str | os.PathLike, fingerprint: str):
        self.folder = Path(folder)
        self.fingerprint = fingerprint

    def latest(self, epoch: int) -> tuple[np.ndarray, int] | None:
        """The newest version of at most `epoch`, and its epoch; None if there is none.

        Raises:
            ValueError: If the folder holds the noise of other data only.
        """
        own, others = self._versions()
        if others and not own:
            raise ValueError(
                f"`folder` must be empty or hold the noise of the data that are trained on, "
                f"whose fingerprint is {self.fingerprint}. Received: {str(self.folder)!r}, with "
                f"N of another data set: {', '.join(sorted(others))}"
            )
        epochs = [number for number in own if number <= epoch]
        if not epochs:
            return None
        path = self._path(max(epochs))
        large = path.stat().st_size > MEMORY_LIMIT
        return np.load(path, mmap_mode="r" if large else None), max(epochs)

    @contextlib.contextmanager
    def new_version(self, epoch: int, shape: tuple[int, ...]) -> Iterator[np.ndarray]:
        """Yield an array to fill; on success it is the version of `epoch`.

        Versions of later epochs, which a training that was set back has left, and all
        but two are then removed.

        Args:
            epoch: Number of epochs trained.
            shape: Of the array.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        with complete_or_absent(self._path(epoch)) as temporary:
            if _size(shape) <= MEMORY_LIMIT:
                values = np.empty(shape, "float32")
                yield values
                np.save(temporary, values)
            else:
                values = np.lib.format.open_memmap(temporary, "w+", "float32", shape)
                with open(temporary, "r+b") as file:
                    _reserve(file.fileno(), temporary.stat().st_size)
                yield values
                values.flush()
        own, _ = self._versions()
        kept = sorted(number for number in own if number <= epoch)[-KEPT:]
        superseded = [self._path(number) for number in set(own) - set(kept)]
        # Temporary files are what is left of a process that was killed while it wrote.
        for path in [*superseded, *self.folder.glob(f".*-noise-*-{self.fingerprint}.npy")]:
            path.unlink(missing_ok=True)

    def _path(self, epoch: int) -> Path:
        return self.folder / f"noise-{epoch:06d}-{self.fingerprint}.npy"

    def _versions(self) -> tuple[list[int], list[str]]:
        """Epochs of the versions of these data, and names of the files of others."""
        own, others = [], []
        for path in self.folder.glob("noise-*.npy"):
            match = _NAME.fullmatch(path.name)
            if match and match[2] == self.fingerprint:
                own.append(int(match[1]))
            elif match:
                others.append(path.name)
        return own, others


def _size(shape: tuple[int, ...]) -> int:
    return 4 * math.prod(shape)


def _reserve(file: int, size: int) -> None:
    """Make a full disk an `OSError` now instead of the end of the process later."""
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(file, 0, size)
    else:
        os.truncate(file, size)
