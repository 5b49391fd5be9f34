"""What the columns of a table hold, and how each becomes features."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Mapping

import numpy as np

from kerasocc.datasets.columns.dates import (
    looks_like_dates,
    looks_like_other_dates,
    parse_dates,
    varying_parts,
)
from kerasocc.datasets.columns.encoders import (
    BOOLEANS,
    CategoryColumn,
    Column,
    DateColumn,
    FrequencyColumn,
    NumberColumn,
    category_texts,
    numbers_of,
)
from kerasocc.datasets.columns.named_columns import NamedColumns, is_missing
from kerasocc.datasets.storage.precision import loses_in_float32

NUMBER, CATEGORY, FREQUENCY, DATE = "number", "category", "frequency", "date"
MAX_CATEGORIES = 100
MAX_FREQUENCIES = 10_000
"""Most values of a column whose frequencies are kept; the others count as never seen."""
MIN_ROWS = 20
"""Rows from which on a column can look like an id."""
_INDEX_NAMES = re.compile(r"(Unnamed: \d+)|(__index_level_\d+__)|")
"""Names that pandas gives to an index that was written as a column."""


def kinds_of(
    table: NamedColumns,
    categories: Collection[str],
    source: str,
    place: Callable[[int], str] = "row {}".format,
    frequencies: Collection[str] = (),
) -> dict[str, str]:
    """Find out what the columns hold.

    Args:
        table: All rows of the table, so that errors can number them.
        categories: Names of columns that hold categories, numbers or not.
        source: What the table is called in errors.
        place: From the index of a row to where it stands, in words.
        frequencies: Names of columns of categories that become the rarity of their values.

    Returns:
        `NUMBER`, `CATEGORY`, `FREQUENCY` or `DATE` by name.

    Raises:
        ValueError: For a column that holds numbers and text, or dates that cannot be read.
    """
    named = dict.fromkeys(categories, CATEGORY) | dict.fromkeys(frequencies, FREQUENCY)
    for option, names in (("categories", categories), ("frequencies", frequencies)):
        absent = [name for name in names if name not in table.columns]
        if absent:
            raise ValueError(
                f"`{option}` must name columns of {source}: {list(table.names)[:20]}. Received: "
                f"{absent}"
            )
    return {
        name: named.get(name) or _kind_of(name, values, source, place)
        for name, values in table.columns.items()
    }


def _kind_of(name: str, values: np.ndarray, source: str, place: Callable[[int], str]) -> str:
    if values.dtype.kind == "f":
        return NUMBER
    if values.dtype.kind == "M":
        return DATE
    present = values[~is_missing(values)]
    if not len(present):
        return NUMBER
    if set(present) <= BOOLEANS.keys():
        return NUMBER
    are_numbers = np.array([_is_number(value) for value in present])
    advice = f"leave the column out, or name it in `categories` if its values are names: {name!r}"
    if are_numbers.all():
        raise ValueError(
            f"{source} must not hold numbers that are written as text. Received: {present[0]!r} "
            f"in column {name!r}; convert it, or {advice}"
        )
    if are_numbers.any():
        rows = np.flatnonzero(~is_missing(values))
        first = int(rows[np.argmin(are_numbers)])
        raise ValueError(
            f"{source} must hold numbers. Received: {values[first]!r} in {place(first)}, column "
            f"{name!r}, which holds numbers otherwise; {advice}"
        )
    texts = set(present)
    if looks_like_dates(texts):
        _, wrong = parse_dates(values)
        if wrong.any():
            first = int(wrong.argmax())
            raise ValueError(
                f"{source} must hold dates of the calendar. Received: {values[first]!r} in "
                f"{place(first)}, column {name!r}"
            )
        return DATE
    if looks_like_other_dates(texts):
        raise ValueError(
            f"{source} must hold dates such as 2024-01-31 or 2024-01-31 12:00:00. Received: "
            f"{present[0]!r} in column {name!r}; convert it, or {advice}"
        )
    return CATEGORY


def _is_number(value: object) -> bool:
    if not isinstance(value, str):
        return not isinstance(value, (bool, np.bool_))
    try:
        return np.isfinite(float(value))
    except ValueError:
        return False


def fit_columns(
    table: NamedColumns,
    kinds: Mapping[str, str],
    *,
    missing: str,
    max_categories: int = MAX_CATEGORIES,
) -> list[Column]:
    """Describe how columns become features.

    Args:
        table: The training rows.
        kinds: What `kinds_of` found.
        missing: `"error"`, or `"median"` for numbers; then missing text is a value.
        max_categories: Most values of a category that have a feature of their own.
    """
    fills = missing == "median"
    found: list[Column] = []
    for name, values in table.columns.items():
        if kinds[name] == NUMBER:
            found.append(_number_column(name, values, fills))
        elif kinds[name] == DATE:
            moments, _ = parse_dates(values)
            found.append(DateColumn(name, varying_parts(moments), fills))
        elif kinds[name] == FREQUENCY:
            most = _most_frequent(values, MAX_FREQUENCIES)
            counts = tuple(most.values())
            found.append(FrequencyColumn(name, tuple(most), counts, len(values), fills))
        else:
            most = _most_frequent(values, max_categories)
            found.append(CategoryColumn(name, tuple(sorted(most)), fills))
    return found


def _most_frequent(values: np.ndarray, most: int) -> dict[str, int]:
    """The most frequent values with the numbers of their rows; ties by the alphabet."""
    counts = Counter(category_texts(values))
    ordered = sorted(counts, key=lambda text: (-counts[text], text))
    return {text: counts[text] for text in ordered[:most]}


def _number_column(name: str, values: np.ndarray, fills: bool) -> NumberColumn:
    values = numbers_of(values)[0]
    numbers = values[np.isfinite(values)]
    if not len(numbers):
        return NumberColumn(name, 0.0 if fills else None)
    fill = float(np.median(numbers)) if fills else None
    return NumberColumn(name, fill, precise=loses_in_float32(numbers[:, None]))


def suspicious_columns(table: NamedColumns, kinds: Mapping[str, str]) -> list[str]:
    """Sentences on columns that are rather no features; empty if there are none.

    Args:
        table: The training rows.
        kinds: What `kinds_of` found.
    """
    index = [name for name in table.names if _INDEX_NAMES.fullmatch(name)]
    others = [name for name in table.names if name not in index]
    constant = [name for name in others if _is_constant(table.columns[name])]
    candidates = [n for n in others if n not in constant and kinds[n] != DATE]
    ids = [name for name in candidates if _is_id(table.columns[name])]
    found = []
    if index:
        found.append(
            f"The columns {_shown(index)} look like the index of a frame that was written to a file"
        )
    if ids:
        found.append(f"The columns {_shown(ids)} look like ids: every row has a value of its own")
    advice = ["`drop` leaves them out, `id` keeps them beside the scores"] if found else []
    if constant:
        advice.append(f"The columns {_shown(constant)} are constant in the training rows")
    return [". ".join([*found, *advice])] if found or constant else []


def _shown(names: list[str], most: int = 10) -> str:
    others = len(names) - most
    return f"{names[:most]}{f' and {others} others' if others > 0 else ''}"


def _is_constant(values: np.ndarray) -> bool:
    missing = is_missing(values)
    present = values[~missing]
    return len(values) > 1 and (
        not len(present) or (not missing.any() and all(present == present[0]))
    )


def _is_id(values: np.ndarray) -> bool:
    if len(values) < MIN_ROWS or is_missing(values).any() or values.dtype.kind == "M":
        return False
    if len(set(values.tolist())) < len(values):
        return False
    if values.dtype.kind == "O":
        return True
    # Consecutive whole numbers, a few of them left out by the split.
    return bool((values == np.round(values)).all()) and np.ptp(values) < 4 * len(values)
