"""Detection of the character between the cells of a text file."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from typing import NamedTuple

from kerasocc.datasets.readers.number_detection import Cells, columns_of, number_patterns
from kerasocc.datasets.readers.text_numbers import compiled, is_missing

SEPARATORS = (",", ";", "\t", "|")
MOST_GROUPS = 4
"""Most groups of three digits of a number; as many cells of three digits are a row."""


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


class _Reading(NamedTuple):
    """How well a separator explains the lines; the largest one is best."""

    regular: float
    explains_commas: bool
    numeric_columns: float
    numeric_cells: float
    width: int


def detect_separator(lines: Sequence[str], decimal: str | None) -> str:
    """Find the separator that explains lines best.

    Args:
        lines: Lines that are not empty, without comments.
        decimal: The decimal character, None if it is not known.

    Returns:
        The separator; for lines of one cell one that is not in them.
    """
    if lines and decimal == "," and _numbers_below(lines, (",",)):
        # The comma is the decimal one, so that no line has a second cell.
        return _unused(lines)
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
            *_numeric_shares(rows, decimal),
            width,
        )
    by_blanks = found.pop(" ", None)
    if found and max(found.values()).regular < 1 and _is_one_column(lines, decimal):
        # Any other separator would do: what is none must not be found in the cells.
        return _unused(lines)
    if found:
        return max(found, key=lambda separator: found[separator])
    return "," if by_blanks is None else " "


def refuse_one_number(
    lines: Sequence[str], separator: str, decimal: str | None, path: object
) -> None:
    """Raise `ValueError` if each line may be a single number that has the separator within.

    That is a number with a decimal comma or with groups of three digits, over which there is no
    header that would tell how many cells a row has.

    Args:
        lines: Lines that are not empty, without comments.
        separator: What `detect_separator` returned.
        decimal: The decimal character, None if it is not known.
        path: The file, for the error.
    """
    first = lines[0].strip() if lines else ""
    below = [line.strip() for line in lines[1:] if not is_missing(line)]
    points = (decimal,) if decimal else (".", ",")
    is_number = any(p.match(first) for p in number_patterns(decimal or ".,"))
    if separator == " ":
        numbers = below if below and not is_number else [first, *below]
        patterns = [compiled(point, " ") for point in points]
        are_one = any(all(p.match(line) for line in numbers) for p in patterns)
    elif separator == ",":
        # `flow, mean` over `1,5` is a name with a comma, `a,b` over it are two names.
        in_name = ", " in first and below and not any(", " in line for line in below)
        if not is_number and not in_name:
            return
        numbers = [*below] if in_name else [first, *below]
        are_one = _are_grouped(numbers) or ("," in points and _are_decimal(numbers, bool(in_name)))
    else:
        return
    if are_one and all(separator in line for line in numbers):
        raise ValueError(
            f"{str(path)!r} has lines that are one number or a row of several; `separator` must be "
            f"{'space' if separator == ' ' else repr(separator)} for several, or else a character "
            f"that is not in them. Received: {numbers[0]!r}"
        )


def _are_grouped(numbers: Sequence[str]) -> bool:
    """Whether all lines are numbers with commas between groups of three digits."""
    pattern = compiled(".", ",")
    return all(pattern.match(line) and line.count(",") < MOST_GROUPS for line in numbers)


def _are_decimal(numbers: Sequence[str], certain: bool) -> bool:
    """Whether the digits after the only comma of all lines look like those of one number.

    They begin with 0 or are equally many, as numbers that were rounded have them. A single digit
    is rather a label.
    """
    parts = [line.split(",") for line in numbers]
    if not all(len(pair) == 2 and pair[1].isdecimal() for pair in parts):
        return False
    fractions = [pair[1] for pair in parts]
    lengths = {len(digits) for digits in fractions}
    if certain or any(len(digits) > 1 and digits[0] == "0" for digits in fractions):
        return True
    return len(numbers) > 1 and len(lengths) == 1 and lengths.pop() > 1


def _unused(lines: Sequence[str]) -> str:
    return next(s for s in (*reversed(SEPARATORS), "\x1f") if not any(s in line for line in lines))


def _numbers_below(lines: Sequence[str], points: Sequence[str]) -> bool:
    """Whether all lines below the first are numbers as a whole that are written in one way."""
    below = [line.strip().strip('"') for line in lines[1:]]
    filled = [line for line in below if not is_missing(line)]
    patterns = [p for point in points for p in number_patterns(point)]
    return bool(filled) and any(all(p.match(line) for line in filled) for p in patterns)


def _is_one_column(lines: Sequence[str], decimal: str | None) -> bool:
    """Whether all lines below the first are numbers as a whole, with a decimal comma perhaps."""
    if any(separator in lines[0] for separator in SEPARATORS):
        return False
    return _numbers_below(lines, (decimal,) if decimal else (".", ","))


def _has_commas_in_numbers(rows: Cells, decimal: str | None) -> bool:
    """Whether there are commas in all rows below the first, and in numbers alone."""
    below = rows[1:] or rows
    patterns = number_patterns(decimal or ".,")
    with_commas = [[cell for cell in row if "," in cell] for row in below]
    cells = [cell for row in with_commas for cell in row]
    return all(with_commas) and all(any(p.match(cell) for p in patterns) for cell in cells)


def _numeric_shares(rows: Cells, decimal: str | None) -> tuple[float, float]:
    """Which part of the columns below the first row are numbers, and which of all cells."""
    patterns = [compiled(point, "") for point in ((decimal,) if decimal else (".", ","))]

    def is_number(cell: str) -> bool:
        return any(p.match(cell) for p in patterns)

    columns = columns_of(rows[1:] or rows)
    numeric = [bool(cells) and all(map(is_number, cells)) for cells in columns]
    cells = [cell for row in rows for cell in row]
    return sum(numeric) / max(1, len(columns)), sum(map(is_number, cells)) / max(1, len(cells))
