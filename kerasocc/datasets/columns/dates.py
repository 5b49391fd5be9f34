"""Dates and times: their text, and their periodic parts as sine and cosine."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable

import numpy as np

from kerasocc.datasets.columns.named_columns import is_missing

DATE_TEXT = r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?: ?(?:Z|[+-]\d\d:?\d\d))?)?"
"""ISO 8601: a date, or a date and a time. The time is that of the wall clock: what follows it,
a fraction of a second or a time zone, is not read."""
TIME_TEXT = r"\d\d:\d\d(?::\d\d(?:\.\d+)?)?"
OTHER_DATE_TEXT = r"\d{1,4}[./-]\d{1,2}[./-]\d{1,4}(?:[T ,]+\d{1,2}:\d\d.*)?"
"""Dates whose order of day and month is not known, or which are not padded by zeros."""

_ISO = re.compile(f"(?:{DATE_TEXT})|(?:{TIME_TEXT})")
_OTHER = re.compile(OTHER_DATE_TEXT)
_DAY = 86400
_FIRST_DAY = "1970-01-01"

PERIODS = ("time", "weekday", "day", "month")
"""Parts of a moment: the time of the day, and the days of week, month and year."""


def looks_like_dates(texts: Iterable[str]) -> bool:
    """Return whether all of these texts are dates, or times, that `parse_dates` reads."""
    return all(_ISO.fullmatch(text) for text in texts)


def looks_like_other_dates(texts: Iterable[str]) -> bool:
    """Return whether all of these texts are dates in a form that `parse_dates` does not read."""
    return all(_OTHER.fullmatch(text) for text in texts)


def parse_dates(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Read dates.

    Args:
        values: Shape `(rows,)`: datetime64, or objects with text and None.

    Returns:
        datetime64[s], NaT for missing values, and a mask of the rows that hold neither a date
        nor None; both of shape `(rows,)`.
    """
    if values.dtype.kind == "M":
        return values.astype("datetime64[s]"), np.zeros(len(values), bool)
    moments = np.full(len(values), "NaT", "datetime64[s]")
    wrong = ~is_missing(values)
    for row in np.flatnonzero(wrong) if values.dtype.kind == "O" else ():
        if isinstance(values[row], str) and _ISO.fullmatch(values[row]):
            # A day that does not exist, such as the 31st of February, remains wrong.
            with contextlib.suppress(ValueError):
                moments[row] = np.datetime64(_canonical(values[row]), "s")
                wrong[row] = False
    return moments, wrong


def _canonical(text: str) -> str:
    if text[2] == ":":
        text = f"{_FIRST_DAY}T{text}"
    if len(text) == len(_FIRST_DAY):
        return text
    clock = re.match(r"\d\d:\d\d(:\d\d)?", text[11:]).group()
    return f"{text[:10]}T{clock}"


def varying_parts(moments: np.ndarray) -> tuple[str, ...]:
    """The parts in which moments differ, datetime64[s] of shape `(rows,)`."""
    known = moments[~np.isnat(moments)]
    return tuple(part for part in PERIODS if len(known) and np.ptp(_phases(known, part)) > 0)


def part_names(parts: Iterable[str]) -> list[str]:
    """Names of the columns of `part_values`."""
    return [f"{part}_{function}" for part in parts for function in ("sin", "cos")]


def part_values(moments: np.ndarray, parts: Iterable[str]) -> np.ndarray:
    """Sine and cosine of parts, 0 for NaT.

    Args:
        moments: Shape `(rows,)`, datetime64[s].
        parts: Among `PERIODS`.

    Returns:
        Shape `(rows, 2 * parts)`, float64.
    """
    columns = []
    for part in parts:
        angle = 2 * np.pi * _phases(moments, part)
        columns += [np.sin(angle), np.cos(angle)]
    values = np.stack(columns, axis=1) if columns else np.zeros((len(moments), 0))
    return np.where(np.isnat(moments)[:, None], 0.0, values)


def _phases(moments: np.ndarray, part: str) -> np.ndarray:
    """A part of moments as a fraction of its period, in [0, 1), shape `(rows,)`."""
    days = moments.astype("datetime64[D]")
    seconds = (moments - days).astype("float64")
    numbers = days.astype("float64")
    if part == "time":
        return seconds / _DAY
    if part == "weekday":
        return np.mod(numbers + 3, 7) / 7  # the first day of 1970 was a Thursday
    if part == "day":
        return (days - days.astype("datetime64[M]")).astype("float64") / 31
    return np.mod(days.astype("datetime64[M]").astype("float64"), 12) / 12
