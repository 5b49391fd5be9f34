"""Atomic writes: files and folders that are complete or absent, never partial."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any


@contextlib.contextmanager
def complete_or_absent(path: str | os.PathLike) -> Iterator[Path]:
    """Yield a temporary path next to `path`, which is renamed to `path` on success.

    The temporary name has the suffix of `path`, by which Keras and matplotlib choose the
    format. If the block raises an exception, an existing file remains unchanged.

    Args:
        path: The file to write.

    Yields:
        The path to write to.
    """
    path = Path(path)
    temporary = path.with_name(f".{uuid.uuid4().hex[:8]}-{path.name}")
    try:
        with errors_named(path, temporary):
            yield temporary
            os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


@contextlib.contextmanager
def complete_folder_or_absent(path: str | os.PathLike) -> Iterator[Path]:
    """Yield a temporary folder next to `path`, which is renamed to `path` on success.

    The temporary name begins with a dot: serving software that loads the newest version in
    a folder takes numeric names for versions and must not load an incomplete one. If the
    block raises an exception, an existing folder remains unchanged.

    Args:
        path: The folder to write. The block creates it under the temporary path.

    Yields:
        The path to write to.

    Raises:
        OSError: As `complete_or_absent`; names a file below `path` if one cannot be written.
    """
    path = Path(path)
    mark = uuid.uuid4().hex[:8]
    temporary = path.with_name(f".{mark}-{path.name}")
    try:
        with errors_named(path, temporary):
            yield temporary
            if path.exists():
                _replace_folder(temporary, path, aside=path.with_name(f".{mark}-old-{path.name}"))
            else:
                os.replace(temporary, path)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


@contextlib.contextmanager
def errors_named(path: str | os.PathLike, temporary: Path | None = None) -> Iterator[None]:
    """Have errors of the system name the path that the user knows.

    Args:
        path: What an error is about that names nothing, as that of a full disk does.
        temporary: A file or folder that stands for `path` in the other errors.
    """
    try:
        yield
    except OSError as error:
        named = "" if error.filename is None else str(error.filename)
        is_temporary = temporary is not None and named.startswith(str(temporary))
        if error.errno is None or (named and not is_temporary):
            raise
        shown = str(path) + named[len(str(temporary)) :] if named else str(path)
        # Some libraries put the whole story into the text.
        raise OSError(error.errno, os.strerror(error.errno), shown) from error


def _replace_folder(new: Path, path: Path, *, aside: Path) -> None:
    """Move `new` to `path`. A folder cannot be renamed onto one that is not empty."""
    os.replace(path, aside)
    try:
        os.replace(new, path)
    except BaseException:
        os.replace(aside, path)
        raise
    shutil.rmtree(aside, ignore_errors=True)


def write_text(path: str | os.PathLike, text: str) -> None:
    """Write `text` as UTF-8, atomically; names of files that are not UTF-8 stay as they are."""
    with complete_or_absent(path) as temporary:
        temporary.write_text(text, encoding="utf-8", errors="surrogateescape")


def printable(text: str) -> str:
    """Replace what UTF-8 cannot hold, from names of files in another encoding."""
    return text.encode("utf-8", errors="replace").decode("utf-8")


def write_bytes(path: str | os.PathLike, content: bytes | memoryview) -> None:
    """Write `content`, atomically."""
    with complete_or_absent(path) as temporary:
        temporary.write_bytes(content)


def write_json(path: str | os.PathLike, content: Any) -> None:
    """Write `content` as indented JSON, atomically."""
    write_text(path, json.dumps(content, indent=2) + "\n")


def read_json(path: str | os.PathLike) -> Any:
    """Read a JSON file; the error for invalid JSON names the file."""
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{path} is not a readable JSON file: {error}") from error
