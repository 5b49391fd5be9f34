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
from kerasocc.datasets.readers.later_files import detect_later_dialect
from kerasocc.datasets.readers.text_tables import (
    ALL_ROWS,
    detect_dialect,
    lines_of,
    read_text,
    read_whole_text,
)
from kerasocc.datasets.readers.workbooks import detect_sheet, read_sheet, rows_of_sheet
from kerasocc.datasets.sample_format import SampleFormat

TEXT = (".csv", ".tsv")
WORKBOOKS = (".xlsx", ".xlsm")
SUFFIXES = (*TEXT, *WORKBOOKS, ".parquet")
"""Suffixes of the files that are read here."""


def find_dialect(
    path: Path,
    given: Dialect | None = None,
    kept: Dialect | None = None,
    columns: Sequence[str] | None = None,
    as_text: Collection[str] = (),
) -> Dialect | None:
    """Find out how a text file is written, and where the table of a workbook stands.

    Args:
        path: The file.
        given: Options of the user.
        kept: What a run found in its training data; holds where the user says nothing else and
            the file does not contradict, see `later_files`.
        columns: Names of columns that a header would have; None if they are not known.
        as_text: Names of those of them that need not hold numbers.

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
        if kept is not None and kept.header and columns is not None and given.header is not False:
            return detect_later_dialect(path, given, kept, columns, as_text)
        return detect_dialect(path, given.over(kept), columns)
    if suffix in WORKBOOKS:
        kept = Dialect() if kept is None else Dialect(header=kept.header, sheet=kept.sheet)
        return _find_sheet(path, given, kept or Dialect(), columns)
    return None


def dialect_of_new(
    path: Path, sample_format: SampleFormat, dialect: Dialect | None = None
) -> Dialect | None:
    """Find out how a table of new samples is written; see `find_dialect`.

    Args:
        path: The file.
        sample_format: Format of the training samples.
        dialect: Options of the user.
    """
    columns, text = sample_format.columns, sample_format.as_text
    return find_dialect(path, dialect, sample_format.dialect, columns, text)


def _find_sheet(
    path: Path, given: Dialect, kept: Dialect, columns: Sequence[str] | None
) -> Dialect:
    try:
        return detect_sheet(path, given.over(kept), columns)
    except ValueError:
        if given.sheet is not None or kept.sheet is None:
            raise
        # The sheet may be called otherwise.
        return detect_sheet(path, given.over(Dialect(header=kept.header)), columns)


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


def read_frame(path: Path, dialect: Dialect | None, as_text: Collection[str] = ()) -> Any:
    """Read all rows as one data frame: what a column holds is a question to all of its cells.

    See `read_frames` for the arguments and errors.
    """
    import pandas

    if table_suffix(path) in TEXT:
        return read_whole_text(path, dialect or find_dialect(path), as_text)
    frames = list(read_frames(path, dialect, ALL_ROWS, as_text))
    return frames[0] if len(frames) == 1 else pandas.concat(frames)


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
