"""Sheets of Excel workbooks as data frames of blocks of rows."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import zipfile
from collections.abc import Collection, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from kerasocc.datasets.dialect import Dialect
from kerasocc.datasets.readers.dialect_detection import detect_in_cells
from kerasocc.datasets.readers.headers import check_distinct
from kerasocc.datasets.readers.text_numbers import typed

SAMPLE_ROWS = 100


def detect_sheet(path: Path, given: Dialect, columns: Sequence[str] | None = None) -> Dialect:
    """Find the sheet of a workbook, and whether it has a header; see `detect_dialect`.

    Raises:
        ValueError: If the workbook cannot be read, or has several sheets with cells of which
            none is named.
    """
    with _opened(path) as book:
        filled = [s.title for s in book.worksheets if next(_rows(s, path), None) is not None]
        sheet = given.sheet
        if sheet is None and len(filled) == 1:
            sheet = filled[0]
        if sheet not in filled:
            raise ValueError(
                f"{str(path)!r} has the sheets {filled}; `sheet` must name one of them. "
                f"Received: sheet={given.sheet!r}"
            )
        rows = [row for _, row in islice(_rows(book[sheet], path), SAMPLE_ROWS)]
    # Numbers that are stored as text are written in no dialect that could be seen.
    given = dataclasses.replace(
        given,
        sheet=sheet,
        decimal=given.decimal or ".",
        thousands=given.thousands or "",
    )
    texts = [[_text(cell, given.decimal) or "" for cell in row] for row in rows]
    return detect_in_cells(texts, given, path, columns)


def read_sheet(
    path: Path, dialect: Dialect, rows: int, as_text: Collection[str] = ()
) -> Iterator[Any]:
    """Read a sheet as data frames; see `text_tables.read_text`. Empty rows are left out."""
    import pandas

    with _opened(path) as book:
        cells = (row for _, row in _rows(book[dialect.sheet], path))
        first = next(cells)
        width = len(first)
        names = [str(number) for number in range(width)]
        start, held = 0, [first]
        if dialect.header:
            held = []
            texts = [str(name).strip() if name is not None else "" for name in first]
            names = [name or f"Unnamed: {number}" for number, name in enumerate(texts)]
            check_distinct(names, path)
        while part := [*held, *islice(cells, rows - len(held))]:
            held = []
            columns = {
                name: _column([row[i] for row in part], dialect, name in as_text)
                for i, name in enumerate(names)
            }
            frame = pandas.DataFrame(columns)
            yield frame.set_axis(range(start, start + len(frame)), axis=0)
            start += len(frame)
        if not start:
            yield pandas.DataFrame({name: [] for name in names}, dtype=object)


def rows_of_sheet(path: Path, dialect: Dialect, rows: Collection[int]) -> dict[int, int]:
    """Return the numbers in the sheet, from 1 on, of rows of the table."""
    with _opened(path) as book:
        numbers = (number for number, _ in _rows(book[dialect.sheet], path))
        found = enumerate(numbers, -1 if dialect.header else 0)
        return {row: number for row, number in found if row in rows}


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[Any]:
    try:
        import openpyxl
    except ImportError as error:
        raise ValueError(
            f"{str(path)!r} is an Excel workbook, which needs a package that is not installed; "
            f'install "kerasocc[excel]". Received: {error}'
        ) from error
    try:
        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    except (OSError, KeyError, ValueError, zipfile.BadZipFile, TypeError) as error:
        if isinstance(error, FileNotFoundError):
            raise
        raise ValueError(f"{str(path)!r} is no readable Excel workbook: {error}") from error
    except openpyxl.utils.exceptions.InvalidFileException as error:
        raise ValueError(f"{str(path)!r} is no readable Excel workbook: {error}") from error
    try:
        yield book
    finally:
        book.close()


def _rows(sheet: Any, path: Path) -> Iterator[tuple[int, tuple[Any, ...]]]:
    """Yield the rows that are not empty, all as wide as the first, with their numbers."""
    width = None
    for number, cells in enumerate(sheet.iter_rows(values_only=True), 1):
        used = max((i for i, cell in enumerate(cells, 1) if cell not in (None, "")), default=0)
        if not used:
            continue
        width = used if width is None else width
        if used > width:
            raise ValueError(
                f"{str(path)!r} must have at most {width} cells in every row of the sheet "
                f"{sheet.title!r}, as the first has. Received: {used} cells in row {number}"
            )
        yield number, (*cells[:width], *[None] * (width - len(cells)))


def _text(cell: Any, decimal: str) -> str | None:
    if cell is None:
        return None
    if isinstance(cell, (int, float)) and not isinstance(cell, bool):
        return repr(cell).replace(".", decimal)
    return str(cell)


def _column(cells: list[Any], dialect: Dialect, as_text: bool) -> Any:
    """A column of numbers, booleans, dates or text."""
    import pandas

    filled = [cell for cell in cells if cell not in (None, "")]
    if as_text:
        return pandas.Series([_text(cell, ".") for cell in cells], dtype=object)
    if filled and all(isinstance(c, (datetime.datetime, datetime.date)) for c in filled):
        return pandas.Series(pandas.to_datetime(cells))
    return typed(
        [_text(cell, dialect.decimal) for cell in cells], dialect.decimal, dialect.thousands
    )
