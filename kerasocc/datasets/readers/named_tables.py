"""Tables with named columns as data frames, from text files, Excel workbooks and Parquet.

Columns of text files without a header are named by their positions, from `"0"` on.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any

from kerasocc.datasets.catalog import table_suffix
from kerasocc.datasets.dialect import Dialect
from kerasocc.datasets.readers import parquet_numbers
from kerasocc.datasets.readers.text_tables import (
    detect_dialect,
    lines_of,
    read_text,
)
from kerasocc.datasets.readers.workbooks import detect_sheet, read_sheet, rows_of_sheet

TEXT = (".csv", ".tsv")
WORKBOOKS = (".xlsx", ".xlsm")
SUFFIXES = (*TEXT, *WORKBOOKS, ".parquet")
"""Suffixes of the files that are read here."""


def find_dialect(
    path: Path,
    given: Dialect | None = None,
    kept: Dialect | None = None,
    columns: Sequence[str] | None = None,
) -> Dialect | None:
    """Find out how a text file is written, and where the table of a workbook stands.

    Args:
        path: The file.
        given: Options of the user.
        kept: What a run found in its training data; holds where the user says nothing else.
        columns: Names of columns that a header would have; None if they are not known.

    Returns:
        The dialect; None for other files, which need none.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file cannot be read, or in two ways, or the user gave options that
            it does not have.
    """
    given = given or Dialect()
    suffix = table_suffix(path)
    of_sheets = {name: v for name, v in given.options.items() if name in ("sheet", "header")}
    of_text = {name: v for name, v in given.options.items() if name != "sheet"}
    allowed = {**dict.fromkeys(TEXT, of_text), **dict.fromkeys(WORKBOOKS, of_sheets)}
    for name, value in given.options.items():
        if name not in allowed.get(suffix, {}):
            raise ValueError(
                f"`{name}` must be left out: {str(path)!r} is read without it. "
                f"Received: {name}={value!r}"
            )
    if suffix in TEXT:
        return detect_dialect(path, given.over(kept), columns)
    if suffix in WORKBOOKS:
        kept = Dialect() if kept is None else Dialect(header=kept.header, sheet=kept.sheet)
        return detect_sheet(path, given.over(kept), columns)
    return None


def read_frames(
    path: Path,
    dialect: Dialect | None = None,
    rows: int = 2**16,
    as_text: Collection[str] = (),
) -> Iterator[Any]:
    """Read the named columns of a text file, a workbook or a Parquet file in blocks of rows.

    Args:
        path: The file.
        dialect: What `find_dialect` returned.
        rows: Most rows of a frame.
        as_text: Names of columns of text files and workbooks whose cells remain as they are
            written, such as labels and identifiers.

    Yields:
        Data frames, their rows numbered as in the whole table. A column of a text file is
        int64, float64 or boolean if all of its cells in this frame are, else it has texts.

    Raises:
        ValueError: If the file cannot be read, or two columns have the same name.
    """
    suffix = table_suffix(path)
    if suffix in TEXT:
        return read_text(path, dialect or find_dialect(path), rows, as_text)
    if suffix in WORKBOOKS:
        return read_sheet(path, dialect or find_dialect(path), rows, as_text)
    return _read_parquet(path, rows)


def place_of(path: Path, dialect: Dialect | None, row: int) -> str:
    """Return where a row of a table stands, in words: its number from 0 on, and its line."""
    suffix = table_suffix(path)
    lines: dict[int, int] = {}
    if dialect is not None and suffix in TEXT:
        lines = lines_of(path, dialect, [row])
    elif dialect is not None and suffix in WORKBOOKS:
        lines = rows_of_sheet(path, dialect, [row])
    return f"row {row} (line {lines[row]})" if row in lines else f"row {row}"


def _read_parquet(path: Path, rows: int) -> Iterator[Any]:
    with parquet_numbers.opened(path) as file:
        batches = (batch.to_pandas() for batch in file.iter_batches(rows))
        empty = file.schema_arrow.empty_table().to_pandas()
        yield from _numbered(batches, empty)


def _numbered(frames: Iterator[Any], empty: Any) -> Iterator[Any]:
    """Number the rows as in the whole table."""
    start = 0
    for frame in frames:
        yield frame.set_axis(range(start, start + len(frame)), axis=0)
        start += len(frame)
    if not start:
        yield empty
