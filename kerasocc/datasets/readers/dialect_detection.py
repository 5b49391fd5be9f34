"""Detection of how a text file is written, from its first lines."""

from __future__ import annotations

import csv
import dataclasses
import re
from collections.abc import Sequence
from typing import NamedTuple

from kerasocc.datasets.dialect import Dialect
from kerasocc.datasets.field_names import LABEL_NAMES
from kerasocc.datasets.readers.text_numbers import compiled, is_missing

SEPARATORS = (",", ";", "\t", "|")
COMMENTS = ("#", "%")
THOUSANDS = (",", ".", "'", "\u2019", " ")

Cells = list[list[str]]
"""Rows of cells."""


def detect(
    lines: Sequence[str], given: Dialect, path: object, columns: Sequence[str] | None = None
) -> Dialect:
    """Detect what is None in a dialect.

    Args:
        lines: The first lines of the file, complete ones.
        given: What is known already.
        path: The file, for the errors.
        columns: Names of columns that the header would have; None if they are not known.

    Returns:
        The dialect, whose `encoding` and `sheet` are those of `given`.

    Raises:
        ValueError: If the lines can be read in two ways; names the option to give.
    """
    filled = [line for line in lines if line.strip()]
    comment = given.comment
    if comment is None:
        comment = _detect_comment(filled, given.separator)
    rows_of_text = [line for line in filled if not (comment and line.startswith(comment))]
    separator = given.separator or _detect_separator(rows_of_text, given.decimal)
    rows = split(rows_of_text, separator)
    return detect_in_cells(
        rows,
        dataclasses.replace(given, comment=comment, separator=separator),
        path,
        columns,
    )


def detect_in_cells(
    rows: Cells, given: Dialect, path: object, columns: Sequence[str] | None = None
) -> Dialect:
    """As `detect`, for rows that are split into cells."""
    decimal, thousands = given.decimal, given.thousands
    if decimal is None or thousands is None:
        decimal, thousands = _detect_numbers(rows, given, path)
    numeric = compiled(decimal, thousands)
    header = given.header
    if header is None:
        header = _has_header(rows, numeric, columns, path)
    width = len(rows[0]) if rows and not header else None
    return dataclasses.replace(
        given,
        decimal=decimal,
        thousands=thousands,
        header=header,
        width=given.width if given.width is not None else width,
    )


def split(lines: Sequence[str], separator: str) -> Cells:
    """Split lines into rows of cells; stops where they cannot be split."""
    reader = csv.reader(
        (line.strip() + "\n" if separator == " " else line for line in lines),
        delimiter=separator,
        skipinitialspace=separator == " ",
        strict=False,
    )
    rows = []
    try:
        rows.extend(row for row in reader if row)
    except csv.Error:
        pass
    return rows


def _detect_comment(lines: Sequence[str], separator: str | None) -> str:
    """Find what lines begin with that have no cells, before the first row or between rows."""
    for mark in COMMENTS:
        marked = [number for number, line in enumerate(lines) if line.startswith(mark)]
        others = [line for line in lines if not line.startswith(mark)]
        if not marked or not others:
            continue
        if marked == [0]:
            found = separator or _detect_separator(others, None)
            first, second = split([lines[0]], found), split(others[:1], found)
            # `#time,a,b` is a header that begins with the mark.
            if first and second and len(first[0]) == len(second[0]) > 1:
                continue
        return mark
    return ""


class _Reading(NamedTuple):
    """How well a separator explains the lines; the largest one is best."""

    regular: float
    explains_commas: bool
    numeric: float
    width: int


def _detect_separator(lines: Sequence[str], decimal: str | None) -> str:
    found = {}
    for separator in (*SEPARATORS, " "):
        rows = split(lines, separator)
        widths = [len(row) for row in rows]
        if not widths or max(widths) < 2:
            continue
        width = max(set(widths), key=widths.count)
        if width < 2:
            continue
        regular = widths.count(width) / len(widths)
        if separator == " " and (regular < 1 or len(rows) < 2):
            # Blanks within cells are common, other separators are not.
            continue
        found[separator] = _Reading(
            regular,
            separator != "," and _has_commas_in_numbers(rows, decimal),
            _numeric_share(rows, decimal),
            width,
        )
    by_blanks = found.pop(" ", None)
    if found and max(found.values()).regular < 1 and _is_one_column(lines, decimal):
        # Any other separator would do: what is none must not be found in the cells.
        return next(s for s in reversed(SEPARATORS) if not any(s in line for line in lines))
    if found:
        return max(found, key=lambda separator: found[separator])
    return "," if by_blanks is None else " "


def _patterns(decimal: str | None) -> list[re.Pattern]:
    """Patterns of numbers, for every way to write them."""
    points = (decimal,) if decimal else (".", ",")
    return [compiled(p, mark) for p in points for mark in ("", *THOUSANDS) if mark != p]


def _is_one_column(lines: Sequence[str], decimal: str | None) -> bool:
    """Whether all lines below the first are numbers as a whole, with a decimal comma perhaps."""
    if any(separator in lines[0] for separator in SEPARATORS):
        return False
    below = [line.strip().strip('"') for line in lines[1:]]
    filled = [line for line in below if not is_missing(line)]
    patterns = _patterns(decimal)
    return bool(filled) and any(all(p.match(line) for line in filled) for p in patterns)


def _has_commas_in_numbers(rows: Cells, decimal: str | None) -> bool:
    """Whether there are commas in all rows below the first, and in numbers alone."""
    below = rows[1:] or rows
    patterns = _patterns(decimal)
    with_commas = [[cell for cell in row if "," in cell] for row in below]
    cells = [cell for row in with_commas for cell in row]
    return all(with_commas) and all(any(p.match(cell) for p in patterns) for cell in cells)


def _numeric_share(rows: Cells, decimal: str | None) -> float:
    patterns = [compiled(point, "") for point in ((decimal,) if decimal else (".", ","))]
    cells = [cell for row in rows for cell in row]
    return sum(any(p.match(cell) for p in patterns) for cell in cells) / max(1, len(cells))


def _detect_numbers(rows: Cells, given: Dialect, path: object) -> tuple[str, str]:
    """Find the decimal character and that of thousands."""
    columns = _columns_of(rows[1:] or rows)
    points = (given.decimal,) if given.decimal else (".", ",")
    votes = {point: 0 for point in points}
    unclear: str | None = None
    for cells in columns:
        readings = [point for point in points if _thousands_of(cells, point, given) is not None]
        if len(readings) == 1:
            votes[readings[0]] += 1
        elif readings and any("," in cell for cell in cells):
            unclear = unclear or next(cell for cell in cells if "," in cell)
    decimal = given.decimal or _decimal_by(votes, unclear, given, path)
    if given.thousands is not None:
        return decimal, given.thousands
    used = {_thousands_of(cells, decimal, given) for cells in columns}
    return decimal, max((mark for mark in used if mark), key=THOUSANDS.index, default="")


def _decimal_by(votes: dict[str, int], unclear: str | None, given: Dialect, path: object) -> str:
    if votes["."] or votes[","]:
        return "," if votes[","] > votes["."] else "."
    if unclear is None or given.separator == "," or given.thousands == ",":
        return "."
    if given.separator == ";" or given.thousands == ".":
        # Where the semicolon separates cells, it does so because the comma has another use.
        return ","
    raise ValueError(
        f"{str(path)!r} has numbers that can be read in two ways; `decimal` must be '.' or ','. "
        f"Received: {unclear!r}"
    )


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


def _columns_of(rows: Cells) -> list[list[str]]:
    width = max(map(len, rows), default=0)
    return [
        [row[i].strip() for row in rows if i < len(row) and not is_missing(row[i])]
        for i in range(width)
    ]


def _has_header(rows: Cells, numeric, columns: Sequence[str] | None, path: object) -> bool:
    """Whether the first row has names.

    It has, if a name is known, or if text stands over numbers. Else it has not, if a number stands
    over numbers, or a mark of a missing value, or a text over texts of which one is the same.
    """
    first, rest = [cell.strip() for cell in rows[0]] if rows else [], rows[1:]
    known = {name.strip().lower() for name in columns or LABEL_NAMES}
    if {cell.lower() for cell in first} & known:
        return True
    below = _columns_of(rest)
    votes = 0
    for cell, cells in zip(first, below, strict=False):
        if not cells or not (cell or len(first) == 1):
            # Nothing is known: pandas leaves the name of an index empty.
            continue
        if not all(numeric.match(c) for c in cells):
            votes += cell in cells
        elif numeric.match(cell) or is_missing(cell):
            votes += 1
        else:
            return True
    if not rest:
        return not (first and all(numeric.match(cell) or is_missing(cell) for cell in first))
    if votes and _counts_up(first, numeric) and not all(_counts_up(r, numeric) for r in rest):
        raise ValueError(
            f"{str(path)!r} has a first row of evenly spaced numbers, which may be names of "
            f"columns or values; `header` must be True or False. Received: {first[:5]}"
        )
    return not votes


def _counts_up(cells: Sequence[str], numeric) -> bool:
    """Whether cells are evenly spaced numbers, as wavelengths over the columns of spectra are."""
    if len(cells) < 4 or not all(numeric.match(cell) for cell in cells):
        return False
    try:
        numbers = [float(cell.replace(",", ".")) for cell in cells]
    except ValueError:
        return False
    steps = {round(b - a, 9) for a, b in zip(numbers, numbers[1:], strict=False)}
    return len(steps) == 1 and steps.pop() > 0
