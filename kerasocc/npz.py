"""`.npz` files, read a block of rows at a time."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy

HEADERS = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
BROKEN = (OSError, EOFError, ValueError, TypeError, zipfile.BadZipFile, zlib.error)
"""What NumPy and zipfile raise at files that are none, truncated or hold objects."""


class NpzFile:
    """An open `.npz` file; every error names it.

    Args:
        path: The file.

    Attributes:
        names: Names of the arrays.

    Raises:
        ValueError: If it is no such file.
        FileNotFoundError: If there is none.
    """

    def __init__(self, path: Path):
        self._path = path
        # Opened here, because zipfile leaves a broken file open.
        self._file = open(path, "rb")
        try:
            self._archive = zipfile.ZipFile(self._file)
        except BROKEN as error:
            self._file.close()
            raise self._unreadable(error) from error
        self.names = [
            n.removesuffix(".npy") for n in self._archive.namelist() if n.endswith(".npy")
        ]

    def __enter__(self) -> NpzFile:
        return self

    def __exit__(self, *_: Any) -> None:
        self._archive.close()
        self._file.close()

    def shape(self, name: str) -> tuple[int, ...]:
        """Shape of an array, from its header."""
        try:
            with self._open(name) as member:
                return _header(member)[0]
        except BROKEN as error:
            raise self._unreadable(error) from error

    def read(self, name: str) -> np.ndarray:
        """All of an array."""
        try:
            with self._open(name) as member:
                return npy.read_array(member, allow_pickle=False)
        except BROKEN as error:
            raise self._unreadable(error) from error

    def blocks(self, name: str, rows: int) -> Iterator[np.ndarray]:
        """An array of numbers, at most `rows` rows at a time; others in one piece."""
        try:
            with self._open(name) as member:
                shape, by_columns, dtype = _header(member)
                in_rows = not by_columns and dtype.kind in "biuf" and len(shape) > 1 and shape[0]
                starts = range(0, shape[0], rows) if in_rows else ()
                for start in starts:
                    block = (min(rows, shape[0] - start), *shape[1:])
                    data = member.read(int(np.prod(block)) * dtype.itemsize)
                    yield np.frombuffer(data, dtype).reshape(block)
        except BROKEN as error:
            raise self._unreadable(error) from error
        if not in_rows:
            yield self.read(name)

    def _open(self, name: str) -> IO[bytes]:
        return self._archive.open(f"{name}.npy")

    def _unreadable(self, error: Exception) -> ValueError:
        return ValueError(f"{str(self._path)!r} is no readable .npz file: {error}")


def _header(member: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype]:
    """Shape, whether it is stored column by column, and dtype."""
    version = npy.read_magic(member)
    if version not in HEADERS:
        raise ValueError(f"version {version} of the .npy format is not supported")
    return HEADERS[version](member)
