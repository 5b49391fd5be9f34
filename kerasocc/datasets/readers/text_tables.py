"""Tables in text files of any dialect, as data frames of blocks of rows."""

from __future__ import annotations

import contextlib
import csv
import dataclasses
import zlib
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from kerasocc.datasets.catalog import table_suffix
from kerasocc.datasets.dialect import Dialect
from kerasocc.datasets.readers.dialect_detection import detect
from kerasocc.datasets.readers.headers import split_off_header
from kerasocc.datasets.readers.text_files import (
    detect_encoding,
    marked_encoding,
    open_lines,
    open_utf8,
    read_first_lines,
    read_start,
)
from kerasocc.datasets.readers.text_numbers import typed

BLOCK_BYTES = 2**22
"""How much text is split into cells at once, unless a line is longer."""
ALL_ROWS = 2**40


def detect_dialect(path: Path, given: Dialect, columns: Sequence[str] | None = None) -> Dialect:
    """Detect how a text file is written.

    Args:
        path: The file.
        given: What is known already.
        columns: Names of columns that the header would have, None if they are not known.

    Returns:
        A dialect without anything left to detect; `encoding` remains None for a file that
        begins with ASCII alone, which is read as UTF-8.

    Raises:
        ValueError: If the file cannot be read, or can be read in two ways.
    """
    with _errors_name(path):
        start = read_start(path)
        # A byte order mark says what the file is, whatever others were.
        encoding = marked_encoding(start) or given.encoding or detect_encoding(start)
        lines = read_first_lines(path, encoding or "utf-8")
        if any("\x00" in line for line in lines):
            raise ValueError("it holds NUL characters, which text has not")
    if path.suffix.lower() == ".tsv" and given.separator is None and "\t" in "".join(lines[:9]):
        given = dataclasses.replace(given, separator="\t")
    return detect(lines, dataclasses.replace(given, encoding=encoding), path, columns)


def read_text(
    path: Path, dialect: Dialect, rows: int, as_text: Collection[str] = ()
) -> Iterator[Any]:
    """Read a table as data frames of at most `rows` rows, numbered from 0 on.

    Args:
        path: The file.
        dialect: What `detect_dialect` returned.
        rows: Most rows of a frame.
        as_text: Names of columns whose cells remain text.

    Yields:
        Frames of int64, float64, boolean and text columns, by the cells of this block;
        an empty one of text if there are no rows.

    Raises:
        ValueError: As `read_cells`.
    """
    for block in read_cells(path, dialect, rows):
        is_empty = not len(block.cells[0])
        yield _frame(block, dialect, block.names if is_empty else as_text)


class Cells(NamedTuple):
    """A block of rows of a text file, as it is written.

    Attributes:
        names: Names of the columns.
        start: Number of the first row in the table.
        cells: Arrow arrays of text, one per column.
    """

    names: list[str]
    start: int
    cells: list[Any]


def read_cells(path: Path, dialect: Dialect, rows: int) -> Iterator[Cells]:
    """Read the cells of a table in blocks of at most `rows` rows.

    Args:
        path: The file.
        dialect: What `detect_dialect` returned.
        rows: Most rows of a block.

    Yields:
        Blocks; one without rows if the table has none.

    Raises:
        ValueError: If the file cannot be read, its rows do not have the same number of
            cells, or two columns have the same name.
    """
    with _errors_name(path):
        start = 0
        for names, cells in _named_blocks(path, dialect):
            for first in range(0, len(cells[0]), rows):
                part = [column.slice(first, rows) for column in cells]
                yield Cells(names, start, part)
                start += len(part[0])
        if not start:
            yield Cells(names, 0, [column.slice(0, 0) for column in cells])


def read_whole_text(path: Path, dialect: Dialect, as_text: Collection[str] = ()) -> Any:
    """Read a table as one data frame, its columns by all of their cells; see `read_text`."""
    import pyarrow

    blocks = list(read_cells(path, dialect, ALL_ROWS))
    names = blocks[0].names
    arrays = zip(*(block.cells for block in blocks), strict=True)
    cells = [pyarrow.concat_arrays(parts) for parts in arrays]
    return _frame(Cells(names, 0, cells), dialect, as_text if len(cells[0]) else names)


def _named_blocks(path: Path, dialect: Dialect) -> Iterator[tuple[list[str], list[Any]]]:
    """Yield the names of the columns and blocks of them, arrays of text without the header."""
    names = None
    for cells in _split(path, dialect):
        if names is None:
            names, cells = split_off_header(cells, dialect, path)
        yield names, cells
    if names is None:
        raise ValueError("it is empty")


def lines_of(path: Path, dialect: Dialect, rows: Iterable[int]) -> dict[int, int]:
    """Return the numbers of the lines, from 1 on, on which rows begin; reads up to the last.

    Args:
        path: The file.
        dialect: What `detect_dialect` returned.
        rows: Numbers of rows, from 0 on.
    """
    wanted = set(rows)
    found: dict[int, int] = {}
    with contextlib.suppress(csv.Error, OSError, ValueError):
        for row, (line, _) in enumerate(_rows(path, dialect), -1 if dialect.header else 0):
            if row in wanted:
                found[row] = line
                if len(found) == len(wanted):
                    break
    return found


def _rows(path: Path, dialect: Dialect) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows of a file, the header too, with the numbers of their first lines."""
    first = last = 0

    with open_lines(path, dialect) as lines:

        def numbered() -> Iterator[str]:
            nonlocal first, last
            for number, line in lines:
                first, last = first or number, number
                yield line

        for row in csv.reader(numbered(), delimiter=dialect.separator):
            if row:
                yield first, row
            first = 0


def _split(path: Path, dialect: Dialect) -> Iterator[list[Any]]:
    """Yield blocks of columns, arrays of text; the header is their first cell."""
    import pyarrow
    from pyarrow import csv as arrow

    first = next(iter(_rows(path, dialect)), None)
    if first is None:
        return
    width = len(first[1])
    names = [str(number) for number in range(width)]
    longest = max(map(len, read_first_lines(path, dialect.encoding or "utf-8")), default=0)
    options = dict(
        read_options=arrow.ReadOptions(
            use_threads=False,
            block_size=max(BLOCK_BYTES, 16 * longest),
            column_names=names,
        ),
        parse_options=arrow.ParseOptions(
            delimiter=dialect.separator,
            newlines_in_values=True,
            # In a single column an empty line is a missing value.
            ignore_empty_lines=width > 1,
        ),
        convert_options=arrow.ConvertOptions(
            column_types=dict.fromkeys(names, pyarrow.string()), strings_can_be_null=False
        ),
    )
    try:
        with open_utf8(path, dialect) as file, arrow.open_csv(file, **options) as reader:
            columns = []
            for batch in reader:
                columns = batch.columns
                yield columns
    except pyarrow.ArrowInvalid as error:
        raise ValueError(_why(path, dialect, first, error)) from error
    if any("\n" in column[-1].as_py() for column in columns if len(column)):
        _check_quotes(path, dialect)


def _check_quotes(path: Path, dialect: Dialect) -> None:
    """Raise `ValueError` if a quote is not closed, so that the last cell has all that follows."""
    is_open, opened = False, 0
    with open_lines(path, dialect) as lines:
        for number, line in lines:
            if line.count('"') % 2:
                is_open, opened = not is_open, number
    if is_open:
        raise ValueError(f"the quote in line {opened} is not closed")


def _why(path: Path, dialect: Dialect, first: tuple[int, list[str]], error: Exception) -> str:
    """Say what is wrong with a file that Arrow cannot split."""
    if "UTF8" in str(error) or "UTF-8" in str(error):
        return (
            "it is not UTF-8 throughout; `encoding` must name its encoding, such as 'latin-1' "
            f"({error})"
        )
    line, width = first[0], len(first[1])
    with contextlib.suppress(csv.Error):
        for number, row in _rows(path, dialect):
            if len(row) != width:
                return (
                    f"every row must have {width} cells as in line {line}. Received: {len(row)} in "
                    f"line {number} (`separator` is {dialect.separator!r}, `comment` "
                    f"{dialect.comment!r})"
                )
    return str(error)


def _frame(block: Cells, dialect: Dialect, as_text: Collection[str]) -> Any:
    import pandas

    columns = {
        name: (
            column.to_pandas().astype(object)
            if name in as_text
            else typed(column, dialect.decimal, dialect.thousands)
        )
        for name, column in zip(block.names, block.cells, strict=True)
    }
    frame = pandas.DataFrame(columns)
    return frame.set_axis(range(block.start, block.start + len(frame)), axis=0)


@contextlib.contextmanager
def _errors_name(path: Path) -> Iterator[None]:
    """Have errors of reading name the file."""
    try:
        yield
    except FileNotFoundError:
        raise
    except (ValueError, EOFError, csv.Error, zlib.error, OSError) as error:
        if str(path) in str(error):
            raise
        raise ValueError(
            f"{str(path)!r} is no readable {table_suffix(path)} file: {error}"
        ) from error
