"""Detection of how the numbers of a text file are written: decimal character and thousands."""

from __future__ import annotations

import re
from collections.abc import Sequence

from kerasocc.datasets.dialect import Dialect
from kerasocc.datasets.readers.text_numbers import compiled, is_missing

THOUSANDS = (",", ".", "'", "\u2019", " ")

Cells = list[list[str]]
"""Rows of cells."""


def detect_numbers(rows: Cells, given: Dialect, path: object) -> tuple[str, str]:
    """Find the decimal character and that of thousands.

    Args:
        rows: The first rows, with the header if there is one.
        given: What is known already; the separator is.
        path: The file, for the error.

    Raises:
        ValueError: If the numbers can be read in two ways.
    """
    columns = columns_of([_numbers_in(rows[0]), *rows[1:]] if rows else [])
    decimal = given.decimal or _decimal_of(columns, given, path)
    if given.thousands is not None:
        return decimal, given.thousands
    used = {_thousands_of(cells, decimal, given) for cells in columns}
    return decimal, max((mark for mark in used if mark), key=THOUSANDS.index, default="")


def number_patterns(points: Sequence[str] = (".", ",")) -> list[re.Pattern]:
    """Patterns of numbers with one of some decimal characters, for every way to write them."""
    return [compiled(p, mark) for p in points for mark in ("", *THOUSANDS) if mark != p]


def _numbers_in(first: Sequence[str]) -> list[str]:
    """The cells of a row that may be a header, empty in place of those that are no numbers."""
    patterns = number_patterns()
    return [cell if any(p.match(cell.strip()) for p in patterns) else "" for cell in first]


def columns_of(rows: Cells) -> list[list[str]]:
    """The cells of each column that are not missing."""
    width = max(map(len, rows), default=0)
    return [
        [row[i].strip() for row in rows if i < len(row) and not is_missing(row[i])]
        for i in range(width)
    ]


def _decimal_of(columns: list[list[str]], given: Dialect, path: object) -> str:
    """The decimal character by which more columns are numbers that are not by the other one."""
    votes = {".": 0, ",": 0}
    unclear: dict[str, list[list[str]]] = {".": [], ",": []}
    for cells in columns:
        readings = [point for point in votes if _thousands_of(cells, point, given) is not None]
        if len(readings) == 1:
            votes[readings[0]] += 1
        elif readings:
            # Where both are possible, what is a decimal comma for one is thousands for the other.
            for mark, found in unclear.items():
                if any(mark in cell for cell in cells):
                    found.append(cells)
    if votes["."] or votes[","]:
        return "," if votes[","] > votes["."] else "."
    in_two_ways = [*unclear[","], *unclear["."]]
    likely = _likely_decimal(unclear, given, len(columns))
    if not in_two_ways or likely is not None:
        return likely or "."
    cells = in_two_ways[0]
    raise ValueError(
        f"{str(path)!r} has numbers that can be read in two ways; `decimal` must be '.' or ','. "
        f"Received: {next(cell for cell in cells if '.' in cell or ',' in cell)!r}"
    )


def _likely_decimal(unclear: dict[str, list[list[str]]], given: Dialect, width: int) -> str | None:
    """The decimal character by what else is known of the file, None if nothing tells it.

    Args:
        unclear: Columns whose only commas, or points, stand before groups of three digits.
        given: What is known of the file.
        width: Number of columns.
    """
    if given.thousands in (",", "."):
        return "." if given.thousands == "," else ","
    if given.separator == "," and width > 1:
        return "."
    if given.separator == ";" and unclear[","] and not unclear["."]:
        # It separates cells because the comma has another use. Numbers that were rounded have
        # as many digits; whole ones among them speak for thousands.
        cells = [cell for column in unclear[","] for cell in column]
        return "," if all("," in cell for cell in cells) else None
    return None


def _thousands_of(cells: Sequence[str], decimal: str, given: Dialect) -> str | None:
    """The character of thousands with which all cells of a column are numbers, "" for none.

    Returns:
        None if there is no such character, or if the column has no cells.
    """
    if not cells:
        return None
    marks = ("", *THOUSANDS) if given.thousands is None else (given.thousands,)
    for mark in marks:
        pattern = compiled(decimal, mark) if mark != decimal else None
        if pattern is not None and all(pattern.match(cell) for cell in cells):
            return mark
    return None
