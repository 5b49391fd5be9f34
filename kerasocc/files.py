"""Files that are complete or absent: written under a temporary name, then renamed."""

from __future__ import annotations

import contextlib
import json
import os
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any


@contextlib.contextmanager
def complete_or_absent(path: str | os.PathLike) -> Iterator[Path]:
    """Yield a temporary path beside `path` that takes its place on success.

    The temporary name ends like `path` itself because Keras and matplotlib
    choose the format by the suffix. Whatever goes wrong inside the block, a
    file that was there before stays as it was.

    Args:
        path: The file to write.

    Yields:
        The path to write to.
    """
    path = Path(path)
    temporary = path.with_name(f".{uuid.uuid4().hex[:8]}-{path.name}")
    try:
        yield temporary
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def write_text(path: str | os.PathLike, text: str) -> None:
    """Write `text` as UTF-8, completely or not at all."""
    with complete_or_absent(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(path: str | os.PathLike, content: Any) -> None:
    """Write `content` as indented JSON, completely or not at all."""
    write_text(path, json.dumps(content, indent=2) + "\n")


def read_json(path: str | os.PathLike) -> Any:
    """Read a JSON file, naming it in the error where it is broken."""
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{path} is not a readable JSON file: {error}") from error
