"""The header of a table: the names of its columns."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from kerasocc.datasets.dialect import Dialect


def split_off_header(cells: list[Any], dialect: Dialect, path: Path) -> tuple[list[str], list[Any]]:
    """The names of the columns, and the cells below the header.

    Args:
        cells: Arrow arrays of text, one per column, from the first row of the file on.
        dialect: What `detect_dialect` returned.
        path: The file, for errors.

    Raises:
        ValueError: If two columns have the same name.
    """
    if not dialect.header:
        return [str(number) for number in range(len(cells))], cells
    names = [column[0].as_py().strip() for column in cells]
    if names[0].startswith("#"):
        names[0] = names[0].lstrip("# ")
    names = [name or f"Unnamed: {number}" for number, name in enumerate(names)]
    check_distinct(names, path)
    return names, [column.slice(1) for column in cells]


def check_distinct(names: Sequence[str], path: Path) -> None:
    """Raise `ValueError` if two columns have the same name."""
    seen: dict[str, int] = {}
    for number, name in enumerate(names, 1):
        if name in seen:
            raise ValueError(
                f"{str(path)!r} must have columns of different names. Received: {name!r} for the "
                f"columns {seen[name]} and {number}"
            )
        seen[name] = number
