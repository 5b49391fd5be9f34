"""Detection of how a text file is written, from its first lines."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from kerasocc.datasets.dialect import Dialect
from kerasocc.datasets.readers.header_detection import has_header
from kerasocc.datasets.readers.number_detection import Cells, detect_numbers, number_patterns
from kerasocc.datasets.readers.separator_detection import (
    detect_separator,
    refuse_one_number,
    split,
)
from kerasocc.datasets.readers.text_numbers import compiled

COMMENTS = ("#", "%")


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
        comment = _detect_comment(filled, given.separator, path)
    rows_of_text = [line for line in filled if not (comment and line.startswith(comment))]
    separator = given.separator
    if separator is None:
        separator = detect_separator(rows_of_text, given.decimal)
        refuse_one_number(rows_of_text, separator, given.decimal, path)
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
        decimal, thousands = detect_numbers(rows, given, path)
    header = given.header
    if header is None:
        header = has_header(rows, compiled(decimal, thousands), columns, path)
    width = len(rows[0]) if rows and not header else None
    return dataclasses.replace(
        given,
        decimal=decimal,
        thousands=thousands,
        header=header,
        width=given.width if given.width is not None else width,
    )


def _detect_comment(lines: Sequence[str], separator: str | None, path: object) -> str:
    """Find what lines begin with that have no cells, before the first row or between rows.

    Those with as many cells as rows may be rows, if they stand between rows or hold numbers.
    """
    for mark in COMMENTS:
        marked = [number for number, line in enumerate(lines) if line.startswith(mark)]
        others = [number for number, line in enumerate(lines) if not line.startswith(mark)]
        if not marked or not others:
            continue
        unmarked = [lines[number] for number in others]
        found = separator or detect_separator(unmarked, None)
        # A first line with an open quote is not the whole of the first row.
        width = _width(unmarked, found)
        alike = [n for n in marked if width > 1 and _width([lines[n]], found) == width]
        if alike == marked == [0]:
            # `#time,a,b` is a header that begins with the mark.
            continue
        rows = [
            number for number in alike if number > others[0] or _has_number(lines[number], found)
        ]
        if rows:
            raise ValueError(
                f"{str(path)!r} has lines that begin with {mark!r} and have as many cells as rows; "
                f"`comment` must be {mark!r} to leave them out, or 'none'. "
                f"Received: {lines[rows[0]].strip()[:80]!r}"
            )
        return mark
    return ""


def _has_number(line: str, separator: str) -> bool:
    """Whether a cell behind the first one of a line is a number."""
    patterns = number_patterns()
    cells = split([line], separator)[0][1:]
    return any(pattern.match(cell.strip()) for cell in cells for pattern in patterns)


def _width(lines: Sequence[str], separator: str) -> int:
    """The number of cells of the first row."""
    rows = split(lines, separator)
    return len(rows[0]) if rows else 0
