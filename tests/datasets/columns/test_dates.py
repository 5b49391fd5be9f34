"""Dates as text, and their parts."""

import datetime

import numpy as np
import pytest

from kerasocc.datasets.columns.dates import (
    PERIODS,
    looks_like_dates,
    looks_like_other_dates,
    parse_dates,
    part_values,
    varying_parts,
)

READ = {
    "2024-02-29": "2024-02-29T00:00:00",
    "2024-02-29 23:59": "2024-02-29T23:59:00",
    "2024-02-29T23:59:58": "2024-02-29T23:59:58",
    "2024-02-29 23:59:58.125": "2024-02-29T23:59:58",
    "2024-02-29T23:59Z": "2024-02-29T23:59:00",
    "2024-02-29T23:59:58+02:00": "2024-02-29T23:59:58",
    "12:30": "1970-01-01T12:30:00",
    "12:30:05": "1970-01-01T12:30:05",
}


@pytest.mark.parametrize("text", READ)
def test_text_that_is_read(text):
    moments, wrong = parse_dates(np.array([text, None], dtype=object))
    assert [str(m) for m in moments] == [READ[text], "NaT"] and not wrong.any()
    assert looks_like_dates([text])


def test_text_that_is_no_date():
    texts = ["2024-01-01", "31.12.2024", "2024-02-31", "soon", None, 5]
    _, wrong = parse_dates(np.array(texts, dtype=object))
    assert wrong.tolist() == [False, True, True, True, False, True]
    assert parse_dates(np.array([5.0, np.nan]))[1].tolist() == [True, False]
    assert looks_like_other_dates(["31.12.2024", "1/2/24", "2024/1/2 10:00"])
    assert not looks_like_other_dates(["31.12.2024", "later"]) and not looks_like_dates(["1/2/24"])


def test_parts_are_those_of_the_calendar():
    """Against Python's `datetime`, a part at a time."""
    random = np.random.default_rng(0)
    moments = random.integers(-(2**31), 2**32, 200).astype("datetime64[s]")
    values = part_values(moments, PERIODS)
    for moment, row in zip(moments.tolist(), values, strict=True):
        assert isinstance(moment, datetime.datetime)
        seconds = moment.hour * 3600 + moment.minute * 60 + moment.second
        phases = [seconds / 86400, moment.weekday() / 7, (moment.day - 1) / 31]
        angles = 2 * np.pi * np.array([*phases, (moment.month - 1) / 12])
        expected = np.stack([np.sin(angles), np.cos(angles)], axis=1).ravel()
        np.testing.assert_allclose(row, expected, atol=1e-9)


def test_only_parts_that_vary():
    days = np.array(["2024-01-01", "2024-01-08", "NaT"], "datetime64[s]")
    assert varying_parts(days) == ("day",)
    assert part_values(days, ("day",))[2].tolist() == [0.0, 0.0]
    assert part_values(days, ()).shape == (3, 0)
