"""A table on standard input, as a file that can be read more than once."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

STANDARD_INPUT = "-"
"""What standard input is called in place of a path."""

_STARTS = {
    b"PAR1": ".parquet",
    b"\x93NUM": ".npy",
    b"MATL": ".mat",
    b"\x89HDF": ".mat",
}


@contextlib.contextmanager
def readable(source: str | os.PathLike) -> Iterator[str | os.PathLike]:
    """Yield a path that can be read: `source`, or a temporary file of what standard input has.

    The kind of the file is known by its first bytes; what is nothing else is text. Errors in
    the block name standard input in place of the file.

    Args:
        source: A path, or `"-"`.

    Raises:
        ValueError: If standard input is a terminal.
    """
    if source != STANDARD_INPUT:
        yield source
        return
    if sys.stdin is None or sys.stdin.isatty():
        raise ValueError("`FILE` must be a path, or `-` with a table on standard input.")
    with tempfile.TemporaryDirectory() as folder:
        copied = Path(folder) / "input"
        with open(copied, "wb") as file:
            shutil.copyfileobj(sys.stdin.buffer, file)
        path = copied.rename(copied.with_suffix(_suffix(copied)))
        try:
            yield path
        except ValueError as error:
            raise ValueError(str(error).replace(repr(str(path)), "standard input")) from error


def _suffix(path: Path) -> str:
    with open(path, "rb") as file:
        start = file.read(4)
    if start == b"PK\x03\x04" and zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            is_workbook = any(name.startswith("xl/") for name in archive.namelist())
        return ".xlsx" if is_workbook else ".npz"
    return _STARTS.get(start, ".csv")
