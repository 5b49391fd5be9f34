"""Detection of a header: whether the first row of a text file has the names of its columns."""

from __future__ import annotations

import re
from collections.abc import Sequence

from kerasocc.datasets.field_names import LABEL_NAMES
from kerasocc.datasets.readers.number_detection import Cells, columns_of
from kerasocc.datasets.readers.text_numbers import is_missing


def has_header(
    rows: Cells, numeric: re.Pattern, columns: Sequence[str] | None, path: object
) -> bool:
    """Find out whether the first row has names.

    It has, if a name is known, or if text stands over numbers. Else it has not, if a number stands
    over numbers, or a mark of a missing value, or a text over texts of which one is the same.

    Args:
        rows: The first rows.
        numeric: What numbers match.
        columns: Names of columns that the header would have; None if they are not known.
        path: The file, for the error.

    Raises:
        ValueError: If the first row may be names or values.
    """
    first, rest = [cell.strip() for cell in rows[0]] if rows else [], rows[1:]
    if first and all(map(is_missing, first)):
        return False
    below = columns_of(rest)
    known = {name.strip().lower() for name in columns or LABEL_NAMES}
    is_named = any(
        cell.lower() in known and not (i < len(below) and cell in below[i])
        for i, cell in enumerate(first)
    )
    if is_named and columns is not None:
        return True
    numbers = [cell for cell in first if numeric.match(cell)]
    if not rest:
        return _single_row_has_names(first, numbers, path)
    votes, has_gap = 0, False
    for i, (cell, cells) in enumerate(zip(first, below, strict=False)):
        if not cell and len(first) > 1:
            # Nothing is known: pandas leaves the name of an index empty. That comes first, and of
            # numbers it has whole ones.
            is_index = not any(first[:i]) and all(c.strip().lstrip("-").isdecimal() for c in cells)
            has_gap |= bool(cells) and all(numeric.match(c) for c in cells) and not is_index
            continue
        if not cells:
            votes += bool(numeric.match(cell))
        elif not all(numeric.match(c) for c in cells):
            votes += cell in cells
        elif numeric.match(cell) or is_missing(cell):
            votes += 1
        else:
            return True
    if is_named:
        # Columns that had no names are often called 0, 1, 2 and so on.
        are_names = _are_evenly_spaced(numbers, 2) and all(map(str.isdecimal, numbers))
        if votes and not are_names and not _are_evenly_spaced(numbers, 4):
            raise _unclear("a first row of numbers and the name of a label", first, path)
        return True
    if votes and _are_evenly_spaced(first, 4, numeric):
        if not all(_are_evenly_spaced(row, 4, numeric) for row in rest):
            raise _unclear("a first row of evenly spaced numbers", first, path)
    if has_gap and not votes:
        raise _unclear("a first row with an empty cell over numbers", first, path)
    return not votes


def _single_row_has_names(first: Sequence[str], numbers: Sequence[str], path: object) -> bool:
    values = [cell for cell in first if cell in numbers or is_missing(cell)]
    are_values = len(values) == len(first)
    if values and not are_values:
        raise _unclear("a single row of numbers or missing values and text", first, path)
    return not (first and are_values)


def _are_evenly_spaced(
    cells: Sequence[str], at_least: int, numeric: re.Pattern | None = None
) -> bool:
    """Whether cells are evenly spaced numbers, as wavelengths over the columns of spectra are."""
    if len(cells) < at_least:
        return False
    if numeric is not None and not all(numeric.match(cell) for cell in cells):
        return False
    try:
        numbers = [float(cell.replace(",", ".")) for cell in cells]
    except ValueError:
        return False
    steps = {round(b - a, 9) for a, b in zip(numbers, numbers[1:], strict=False)}
    return len(steps) == 1 and steps.pop() != 0


def _unclear(what: str, first: Sequence[str], path: object) -> ValueError:
    return ValueError(
        f"{str(path)!r} has {what}, which may be names of columns or values; `header` must be True "
        f"or False. Received: {list(first[:5])}"
    )
