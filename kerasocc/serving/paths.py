"""Where exports are written: paths at which nothing else is lost."""

from __future__ import annotations

import os
from pathlib import Path


def _local(path: str | os.PathLike) -> Path:
    """The resolved path."""
    if "://" in str(path):
        raise ValueError(
            f"`path` must be local; export there and copy the result. Received: path={str(path)!r}"
        )
    # Resolve links: a folder cannot be renamed onto a link.
    return Path(os.path.realpath(path))


def checked_folder(path: str | os.PathLike) -> Path:
    """The resolved folder of all versions of a model.

    Args:
        path: The folder, which need not exist.

    Raises:
        ValueError: If it is remote, a file, or a SavedModel itself.
    """
    path = _local(path)
    if path.exists() and (not path.is_dir() or (path / "saved_model.pb").exists()):
        raise ValueError(
            "`path` must be the folder of all versions, or new, where a `version` is given. "
            f"Received: path={str(path)!r}, {'a SavedModel' if path.is_dir() else 'a file'}"
        )
    return path


def checked_path(path: str | os.PathLike, *, folder: bool, overwrite: bool) -> Path:
    """The resolved path to write, if what exists there may be replaced.

    Args:
        path: The file or folder.
        folder: Whether it is a folder, that of a SavedModel.
        overwrite: Whether an export that exists there may be replaced.

    Raises:
        FileExistsError: If there is one.
        ValueError: If the path is remote, or anything else is there.
    """
    path = _local(path)
    if not path.exists():
        return path
    if not overwrite:
        raise FileExistsError(
            f"`path` must not exist unless `overwrite=True`. Received: path={str(path)!r}"
        )
    # A mistyped path must not delete other files.
    if folder and not (path.is_dir() and ((path / "saved_model.pb").exists() or _empty(path))):
        raise ValueError(
            "`path` must be a SavedModel or an empty folder to be overwritten by a SavedModel. "
            f"Received: path={str(path)!r}"
        )
    if not folder and not (path.is_file() and _is_export(path)):
        raise ValueError(
            "`path` must be an exported model or an empty file to be overwritten by one. "
            f"Received: path={str(path)!r}"
        )
    return path


def _is_export(path: Path) -> bool:
    """Whether a file is empty or begins as ONNX and LiteRT files do."""
    with open(path, "rb") as file:
        start = file.read(8)
    # The first field of an ONNX file is the version of its format, a small number.
    return not start or start[4:] == b"TFL3" or (start[0] == 8 and start[1:2] < b" ")


def _empty(folder: Path) -> bool:
    return not any(folder.iterdir())
