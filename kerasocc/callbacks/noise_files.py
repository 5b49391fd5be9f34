"""Arrays of the size of a training set: temporary ones, and versions in a folder."""

from __future__ import annotations

import contextlib
import math
import os
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from kerasocc.files import complete_or_absent, errors_named

MEMORY_LIMIT = 2**30
"""Maximum number of bytes held in memory; larger arrays are memory-mapped files."""

RETAINED = 2
"""Number of versions retained in a folder. If the process is killed after the newest version is
written and before the weights are backed up, the backup belongs to the previous version."""

_NAME = re.compile(r"noise-(\d{6,})-([0-9a-f]{8})\.npy")


def temporary_array(shape: tuple[int, ...]) -> np.ndarray:
    """An uninitialized float32 array, in memory or in an unnamed temporary file.

    The file is deleted when the process ends, for whatever reason.

    Args:
        shape: Shape of the array.
    """
    if _size(shape) <= MEMORY_LIMIT:
        return np.empty(shape, "float32")
    with tempfile.TemporaryFile() as file:  # the mapping outlives the closed file
        with errors_named(f"{tempfile.gettempdir()} (TMPDIR chooses another folder)"):
            _reserve(file.fileno(), _size(shape))
        return np.memmap(file, "float32", "r+", shape=shape)


class NoiseFiles:
    """Versions of the noise of one training set, `noise-<epoch>-<fingerprint>.npy`.

    Args:
        folder: The folder; it is created when the first version is written.
        fingerprint: Fingerprint of the training set, eight hexadecimal digits.
    """

    def __init__(self, folder: str | os.PathLike, fingerprint: str):
        self.folder = Path(folder)
        self.fingerprint = fingerprint

    def latest(self, epoch: int) -> tuple[np.ndarray, int] | None:
        """The newest version up to `epoch`, and its epoch; None if there is none.

        Raises:
            ValueError: If the folder holds the noise of other data only, or a damaged file.
        """
        epochs, others = self._versions()
        if others and not epochs:
            raise ValueError(
                f"`folder` must be empty or hold the noise of the training data, whose "
                f"fingerprint is {self.fingerprint}. Received: {str(self.folder)!r}, with "
                f"N of another data set: {', '.join(sorted(others))}"
            )
        newest = max((number for number in epochs if number <= epoch), default=None)
        if newest is None:
            return None
        path = self._path(newest)
        large = path.stat().st_size > MEMORY_LIMIT
        try:
            return np.load(path, mmap_mode="r" if large else None), newest
        except (OSError, ValueError, EOFError) as error:
            raise ValueError(
                f"The noise {str(path)!r} cannot be read: {error}. Delete the folder "
                f"{str(self.folder)!r} to begin the training anew."
            ) from error

    @contextlib.contextmanager
    def new_version(self, epoch: int, shape: tuple[int, ...]) -> Iterator[np.ndarray]:
        """Yield an array to fill, which on success becomes the version of `epoch`.

        Then all but the last two versions are deleted, and all of later epochs, which
        remain if a training was reset to an earlier epoch.

        Args:
            epoch: Number of epochs trained.
            shape: Shape of the array.
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
        self._delete_superseded(epoch)

    def _delete_superseded(self, epoch: int) -> None:
        epochs, _ = self._versions()
        retained = sorted(number for number in epochs if number <= epoch)[-RETAINED:]
        superseded = [self._path(number) for number in set(epochs) - set(retained)]
        # Temporary files remain if a process was killed while it was writing.
        for path in [*superseded, *self.folder.glob(f".*-noise-*-{self.fingerprint}.npy")]:
            path.unlink(missing_ok=True)

    def _path(self, epoch: int) -> Path:
        return self.folder / f"noise-{epoch:06d}-{self.fingerprint}.npy"

    def _versions(self) -> tuple[list[int], list[str]]:
        """Epochs of the versions for these data, and names of the files for other data."""
        epochs, others = [], []
        for path in self.folder.glob("noise-*.npy"):
            match = _NAME.fullmatch(path.name)
            if match and match[2] == self.fingerprint:
                epochs.append(int(match[1]))
            elif match:
                others.append(path.name)
        return epochs, others


def _size(shape: tuple[int, ...]) -> int:
    return 4 * math.prod(shape)


def _reserve(file: int, size: int) -> None:
    """Allocate disk space, so that a full disk is an `OSError` now and not a crash later."""
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(file, 0, size)
    else:
        os.truncate(file, size)
