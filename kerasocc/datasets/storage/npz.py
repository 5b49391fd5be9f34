"""`.npz` files, read block by block."""

from __future__ import annotations

import tokenize
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy

HEADERS = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
BROKEN = (
    *(OSError, EOFError, ValueError, TypeError, SyntaxError, NotImplementedError, RuntimeError),
    *(tokenize.TokenError, zipfile.BadZipFile, zlib.error, MemoryError),
)
"""What NumPy and zipfile raise for files that are corrupt, truncated, encrypted or hold objects."""


class NpzFile:
    """An open `.npz` file; every error names it.

    Args:
        path: The file.

    Attributes:
        names: Names of the arrays.

    Raises:
        ValueError: If it is not a readable `.npz` file.
        FileNotFoundError: If it does not exist.
    """

    def __init__(self, path: Path):
        self._path = path
        # Opened here, because zipfile does not close a broken file.
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
        """Return the shape of an array, read from its header."""
        try:
            with self._open(name) as member:
                return _header(member)[0]
        except BROKEN as error:
            raise self._unreadable(error) from error

    def read(self, name: str) -> np.ndarray:
        """Read an array."""
        try:
            with self._open(name) as member:
                return npy.read_array(member, allow_pickle=False)
        except BROKEN as error:
            raise self._unreadable(error) from error

    def blocks(self, name: str, rows: int) -> Iterator[np.ndarray]:
        """Read a numeric array in blocks of at most `rows` rows; any other in one piece."""
        try:
            with self._open(name) as member:
                shape, fortran_order, dtype = _header(member)
                by_rows = not fortran_order and dtype.kind in "biuf" and len(shape) > 1 and shape[0]
                starts = range(0, shape[0], rows) if by_rows else ()
                for start in starts:
                    block = (min(rows, shape[0] - start), *shape[1:])
                    data = member.read(int(np.prod(block)) * dtype.itemsize)
                    yield np.frombuffer(data, dtype).reshape(block)
        except BROKEN as error:
            raise self._unreadable(error) from error
        if not by_rows:
            yield self.read(name)

    def _open(self, name: str) -> IO[bytes]:
        return self._archive.open(f"{name}.npy")

    def _unreadable(self, error: Exception) -> ValueError:
        return ValueError(f"{str(self._path)!r} is no readable .npz file: {error}")


def _header(member: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype]:
    """Return shape, whether the array is in Fortran order, and dtype."""
    version = npy.read_magic(member)
    if version not in HEADERS:
        raise ValueError(f"version {version} of the .npy format is not supported")
    return HEADERS[version](member)
