"""Table files of every kind, read in blocks of rows of numbers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from kerasocc.datasets.catalog import table_suffix
from kerasocc.datasets.readers import named_tables
from kerasocc.datasets.readers.array_tables import ARRAY_READERS
from kerasocc.datasets.readers.blocks import Block, Selection
from kerasocc.datasets.readers.named_columns import read_columns

BLOCK_ROWS = 2**16

SUFFIXES = (*ARRAY_READERS, *named_tables.SUFFIXES)
"""Suffixes of all files that can be read, those of text also with one of `PACKED_SUFFIXES`."""


def read_blocks(path: Path, selection: Selection, rows: int | None = None) -> Iterator[Block]:
    """Read a table in blocks; `.mat` files are held in memory as a whole.

    Args:
        path: The file.
        selection: What to read from it.
        rows: Maximum number of rows of a block, default `BLOCK_ROWS`.

    Raises:
        ValueError: If the file cannot be read, lacks what is selected, or holds something
            other than numbers; names row and column.
    """
    rows, suffix = rows or BLOCK_ROWS, table_suffix(path)
    if suffix in ARRAY_READERS:
        yield from ARRAY_READERS[suffix](path, selection, rows)
    elif suffix in named_tables.SUFFIXES:
        yield from read_columns(path, selection, rows)
    else:
        raise ValueError(f"`source` must end in one of {list(SUFFIXES)}. Received: {str(path)!r}")
