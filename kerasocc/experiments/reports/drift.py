"""Drift of the scores of a file, window by window, and the columns that it comes from."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pandas

from kerasocc.checks import check_fraction, check_integer
from kerasocc.serving.drift import Drift, drift_between


class WindowDrift(NamedTuple):
    """What was found in a window of scores.

    Attributes:
        first: Row or file of its first sample; the beginning of a window of time.
        last: The same of its last one; the end of a window of time.
        samples: How many scores it has.
        unscored: How many samples have none.
        drift: What the test found; None for fewer samples than it takes.
        alarm: Whether there is drift; None without a test.
        flagged: Fraction of anomalies among the scores; None without decisions.
        columns: Columns whose values have drifted, with what was found of each, the furthest
            first; None without a test.
    """

    first: str
    last: str
    samples: int
    unscored: int
    drift: Drift | None
    alarm: bool | None
    flagged: float | None
    columns: dict[str, Drift] | None


def drift_of(
    scores: pandas.DataFrame,
    calibration_scores: np.ndarray,
    *,
    window: int | str | None = None,
    time: str | None = None,
    least: int = 100,
    alpha: float = 0.01,
    data: pandas.DataFrame | None = None,
    reference: pandas.DataFrame | None = None,
) -> list[WindowDrift]:
    """Test in each window whether the scores are like those of the calibration.

    Args:
        scores: What `kerasocc score` writes.
        calibration_scores: Scores that the model was calibrated on by `fpr`, shape `(n,)`.
        window: Samples in a window, or its length in time such as `"30m"`, `"6h"`, `"1d"`; None
            for one window.
        time: Column of `scores` that says when a sample was taken, for windows of time.
        least: Fewest scores that are tested.
        alpha: How often there is an alarm while nothing drifts: the rate for a window, and for
            all columns of a window together.
        data: The table that was scored, its rows as the column `row` of `scores` numbers them.
        reference: A table of normal samples, with the same columns.

    Raises:
        ValueError: For an argument that is not allowed, or tables that do not fit.
    """
    check_fraction("alpha", alpha)
    check_integer("least", least, minimum=2)
    names = _shared_columns(data, reference)
    _check_scores(scores, by_row=bool(names))
    found = []
    for first, last, rows in _windows(scores, window, time):
        part = scores.iloc[rows]
        values = part["score"].dropna()
        decisions = part["is_anomaly"][values.index] if "is_anomaly" in part else None
        drift = columns = None
        if len(values) >= least:
            drift = drift_between(calibration_scores, values.to_numpy("float32"))
            columns = _drifted(names, data, reference, part["row"] if names else None, alpha)
        found.append(
            WindowDrift(
                first,
                last,
                len(values),
                len(part) - len(values),
                drift,
                None if drift is None else drift.probability <= alpha,
                None if decisions is None or decisions.empty else float(decisions.mean()),
                columns,
            )
        )
    return found


def _check_scores(scores: pandas.DataFrame, by_row: bool) -> None:
    if "score" not in scores or not len(scores):
        raise ValueError(
            "`scores` must be a table that `kerasocc score` has written, with the column 'score' "
            f"and rows. Received: columns {list(scores)}, {len(scores)} rows"
        )
    if not pandas.api.types.is_numeric_dtype(scores["score"]):
        raise ValueError("`scores` must have numbers in the column 'score'. Received: text")
    if by_row and "row" not in scores:
        raise ValueError(
            "`scores` must have the column 'row' to find the rows of `data`. Received: columns "
            f"{list(scores)}"
        )


def _windows(
    scores: pandas.DataFrame, window: int | str | None, time: str | None
) -> Iterator[tuple[str, str, np.ndarray]]:
    """Yield what the windows begin and end with, and the positions of their rows."""
    count = len(scores)
    length = None if window is None else _parsed(window)
    if isinstance(length, pandas.Timedelta):
        yield from _windows_of_time(scores, length, time)
        return
    if time is not None:
        raise ValueError(
            f"`time` needs a window of time, such as '6h'. Received: window={window!r}"
        )
    names = scores.iloc[:, 0].astype(str)
    for start in range(0, count, length or count):
        rows = np.arange(start, min(start + (length or count), count))
        yield names.iloc[rows[0]], names.iloc[rows[-1]], rows


def _parsed(window: int | str) -> int | pandas.Timedelta:
    found = re.fullmatch(r"(\d+)([smhdw]?)", str(window))
    if found is None or int(found[1]) == 0:
        raise ValueError(
            "`window` must be a number of samples, or a time in s, m, h, d or w such as '6h'. "
            f"Received: window={window!r}"
        )
    if not found[2]:
        return int(found[1])
    return pandas.Timedelta(int(found[1]) * (7 if found[2] == "w" else 1), _UNITS[found[2]])


_UNITS = {"s": "s", "m": "min", "h": "h", "d": "D", "w": "D"}


def _windows_of_time(
    scores: pandas.DataFrame, length: pandas.Timedelta, time: str | None
) -> Iterator[tuple[str, str, np.ndarray]]:
    if time is None or time not in scores:
        raise ValueError(
            "`time` must name the column of the scores that says when a sample was taken (keep it "
            f"by `--id` when you train). Received: time={time!r}, and columns {list(scores)}"
        )
    moments = _moments(scores[time], time)
    first = moments.min().floor(length)
    number = ((moments - first) // length).to_numpy()
    for value in np.unique(number):
        begin = first + int(value) * length
        yield begin.isoformat(), (begin + length).isoformat(), np.flatnonzero(number == value)


def _moments(values: pandas.Series, time: str) -> pandas.Series:
    """Moments, from ISO 8601 or from seconds since 1970."""
    options = {"unit": "s"} if pandas.api.types.is_numeric_dtype(values) else {"format": "ISO8601"}
    moments = pandas.to_datetime(values, errors="coerce", utc=True, **options)
    wrong = moments.isna()
    if wrong.any():
        raise ValueError(
            f"Column {time!r} must hold dates as ISO 8601, or seconds since 1970. Received: "
            f"{values[wrong].iloc[0]!r} in row {int(np.flatnonzero(wrong)[0])} of the scores"
        )
    return moments


def _shared_columns(data: pandas.DataFrame | None, reference: pandas.DataFrame | None) -> list[str]:
    if (data is None) != (reference is None):
        raise ValueError(
            "`data` and `reference` must be given together: the table that was scored, and one of "
            f"normal samples. Received: {'data' if reference is None else 'reference'} alone"
        )
    if data is None:
        return []
    names = [name for name in reference if name in data]
    if not names:
        raise ValueError(
            "`reference` must have columns of the table that was scored. Received: "
            f"{list(reference)} and {list(data)}"
        )
    return names


def _drifted(
    names: list[str],
    data: pandas.DataFrame | None,
    reference: pandas.DataFrame | None,
    rows: pandas.Series | None,
    alpha: float,
) -> dict[str, Drift]:
    """The columns that have drifted; Bonferroni's correction keeps the rate for all together."""
    found = {}
    for name in names:
        if int(rows.max()) >= len(data):
            raise ValueError(
                f"`data` must be the table that was scored. Received: {len(data)} rows, and a "
                f"score of row {int(rows.max())}"
            )
        drift = _drift_of_column(reference[name], data[name].iloc[rows.to_numpy()])
        if drift is not None and drift.probability * len(names) <= alpha:
            found[name] = drift
    return dict(sorted(found.items(), key=lambda item: -item[1].distance))


def _drift_of_column(reference: pandas.Series, new: pandas.Series) -> Drift | None:
    """The same test of the values of a column; None where one side has none.

    Values of text are ordered by how often the reference has them. What the reference does not
    have, and what is missing, comes last.
    """
    if reference.empty or new.empty:
        return None
    if all(pandas.api.types.is_numeric_dtype(values) for values in (reference, new)):
        sides = [values.to_numpy("float64", na_value=np.inf) for values in (reference, new)]
        return drift_between(*(np.where(np.isnan(values), np.inf, values) for values in sides))
    order = {value: i for i, value in enumerate(reference.astype(str).value_counts().index)}
    sides = (values.astype(str).map(order).fillna(len(order)) for values in (reference, new))
    return drift_between(*(values.to_numpy("float64") for values in sides))
