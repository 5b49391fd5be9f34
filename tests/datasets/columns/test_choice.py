"""Which columns are features."""

import pytest

from kerasocc.datasets.columns.choice import ColumnChoice

AVAILABLE = ["a", "b", "c", "d"]


@pytest.mark.parametrize(
    "options, features",
    [
        ({}, ["a", "b", "c", "d"]),
        ({"drop": "a"}, ["b", "c", "d"]),
        ({"columns": ["d", "a"]}, ["d", "a"]),
        ({"id": ["a"], "group": "b"}, ["c", "d"]),
        ({"time": "c", "drop": ("d",)}, ["a", "b"]),
        # Named, it is a feature too.
        ({"group": "b", "columns": ["a", "b"]}, ["a", "b"]),
    ],
)
def test_features(options, features):
    assert ColumnChoice.of(**options).features(AVAILABLE, "t.csv") == features


@pytest.mark.parametrize(
    "options, message",
    [
        ({"drop": ["z"]}, r"`drop` must name columns of t.csv.*\['z'\]"),
        ({"time": "z"}, r"`time` must name columns.*\['z'\]"),
        ({"columns": "z"}, r"`columns` must name"),
        ({"drop": AVAILABLE}, "must leave a feature of t.csv"),
        ({"columns": "a", "id": "a"}, r"`columns` must name features.*\['a'\] in both"),
        ({"group": "a", "time": "b"}, "`group` and `time` exclude each other"),
        ({"id": ["a", "a"]}, "`id` must hold different names"),
        ({"frequencies": "z"}, r"`frequencies` must name columns of t.csv.*\['z'\]"),
        (
            {"frequencies": ["a", "b"], "categories": "b"},
            r"`categories` and `frequencies` must name different columns. Received: \['b'\]",
        ),
        ({"drop": [3]}, r"`drop` must hold names of columns. Received: drop=\[3\]"),
    ],
)
def test_choices_that_do_not_fit(options, message):
    with pytest.raises(ValueError, match=message):
        ColumnChoice.of(**options).features(AVAILABLE, "t.csv")
