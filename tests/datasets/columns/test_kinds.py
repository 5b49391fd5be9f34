"""What columns hold, how they become features, and which are suspicious."""

import numpy as np
import pytest

from kerasocc.datasets.columns.encoders import (
    CategoryColumn,
    DateColumn,
    FrequencyColumn,
    NumberColumn,
    from_config,
    to_config,
)
from kerasocc.datasets.columns.kinds import fit_columns, kinds_of, suspicious_columns
from kerasocc.datasets.columns.named_columns import named_columns


def fit(missing="error", categories=(), **columns):
    table = named_columns(columns)
    return fit_columns(table, kinds_of(table, categories, "`x`"), missing=missing)


def test_kinds():
    table = named_columns(
        {
            "number": [1, None],
            "boolean text": ["True", "false"],
            "text": ["a", "b"],
            "date": ["2024-01-01", None],
            "typed date": np.array(["2024-01-01", "NaT"], "datetime64[s]"),
            "code": [1, 2],
            "empty": [None, None],
        }
    )
    assert kinds_of(table, ["code"], "`x`") == {
        "number": "number",
        "boolean text": "number",
        "text": "category",
        "date": "date",
        "typed date": "date",
        "code": "category",
        "empty": "number",
    }


@pytest.mark.parametrize(
    "values, message",
    [
        ([1, "two", 3], r"must hold numbers. Received: 'two' in row 1, column 'c'"),
        (["1", "2"], r"written as text. Received: '1' in column 'c'"),
        (["31.12.2024", "1.1.2025"], r"dates such as 2024-01-31.*'31.12.2024' in column 'c'"),
        (["2024-01-31", "2024-02-31"], r"of the calendar. Received: '2024-02-31' in row 1"),
    ],
)
def test_what_cannot_be_told_is_refused_by_name(values, message):
    with pytest.raises(ValueError, match=message):
        kinds_of(named_columns({"c": values}), (), "`x`")
    assert kinds_of(named_columns({"c": values}), ["c"], "`x`") == {"c": "category"}


def test_numbers_keep_what_tells_them_apart():
    (plain,), (seconds,) = fit(c=[1.0, 2.0, 30.0]), fit(c=[1.7e9, 1.7e9 + 1, 1.7e9 + 5])
    assert plain == NumberColumn("c") and seconds == NumberColumn("c", precise=True)
    encoded = seconds.encode(np.array([1.7e9, 1.7e9 + 5]))
    assert encoded.dtype == "float64" and encoded.ravel().tolist() == [1.7e9, 1.7e9 + 5]


def test_missing_values():
    number, text, date = fit(
        missing="median",
        a=[1.0, 9.0, None, 3.0],
        b=["x", None, "x", "y"],
        c=["2024-01-05", None] * 2,
    )
    assert number == NumberColumn("a", 3.0)
    assert text == CategoryColumn("b", ("", "x", "y"), allows_missing=True)
    assert date == DateColumn("c", (), allows_missing=True)
    assert number.encode(np.array([np.nan])).tolist() == [[3.0]]
    assert text.encode(np.array([None, "y", "new"], dtype=object)).tolist() == [
        [1, 0, 0, 0],
        [0, 0, 1, 0],
        [0, 0, 0, 1],
    ]
    (strict,) = fit(b=["x", "y"])
    assert strict.is_bad(np.array(["x", None], dtype=object)).tolist() == [False, True]


def test_the_most_frequent_values_have_a_feature():
    table = named_columns({"c": ["a"] * 3 + ["b"] * 2 + ["c", "d"]})
    (column,) = fit_columns(table, {"c": "category"}, missing="error", max_categories=2)
    assert column.values == ("a", "b")
    assert column.encode(np.array(["a", "d", "new"], dtype=object)).tolist() == [
        [1, 0, 0],
        [0, 0, 1],
        [0, 0, 1],
    ]
    assert column.feature_names == ("c=a", "c=b", "c=(other)")


def test_rarity_by_hand():
    table = named_columns({"c": ["a"] * 4 + ["b"] * 2 + [None]})
    kinds = kinds_of(table, (), "`x`", frequencies=["c"])
    (column,) = fit_columns(table, kinds, missing="median")
    assert column == FrequencyColumn("c", ("a", "b", ""), (4, 2, 1), 7, allows_missing=True)
    # log2((7 + 1) / (m + 1)) for a value of m rows.
    bits = column.encode(np.array(["b", None, "new", "a"], dtype=object))
    expected = [[np.log2(8 / 3)], [2.0], [3.0], [np.log2(8 / 5)]]
    np.testing.assert_allclose(bits, expected)
    assert column.feature_names == ("c:rarity",)
    (strict,) = fit_columns(table, kinds, missing="error")
    assert strict.is_bad(np.array(["a", None], dtype=object)).tolist() == [False, True]


def test_rarity_of_numbers_and_of_more_values_than_are_kept(monkeypatch):
    monkeypatch.setattr("kerasocc.datasets.columns.kinds.MAX_FREQUENCIES", 2)
    table = named_columns({"zip": [3012, 3012, 3012, 8001, 8001, 1204]})
    kinds = kinds_of(table, (), "`x`", frequencies=["zip"])
    (column,) = fit_columns(table, kinds, missing="error")
    assert (column.values, column.counts) == (("3012", "8001"), (3, 2))
    found = column.encode(np.array(["1204", "99", "3012"], dtype=object))
    np.testing.assert_allclose(found.ravel(), np.log2([7, 7, 7 / 4]))


def test_a_block_of_booleans_alone_is_the_same_category():
    (column,) = fit(c=["True", "False", "unknown"])
    assert (
        column.encode(np.array([1.0, 0.0])).tolist()
        == column.encode(np.array(["True", "False"], dtype=object)).tolist()
    )


def test_numbers_that_are_categories():
    (column,) = fit(categories=["c"], c=[3, 5, 3])
    assert column.values == ("3", "5")
    assert column.encode(np.array(["3", "7"], dtype=object)).tolist() == [[1, 0, 0], [0, 0, 1]]


@pytest.mark.parametrize(
    "column",
    [
        NumberColumn("ä", 0.1 + 0.2, 1.7e9, True),
        CategoryColumn("c", ("", "Łódź"), True),
        FrequencyColumn("f", ("x", ""), (3, 1), 9, True),
        DateColumn("d", ("time", "month")),
    ],
)
def test_columns_survive_json(column):
    import json

    assert from_config(json.loads(json.dumps(to_config(column)))) == column


def test_suspicious_columns():
    rows = 30
    table = named_columns(
        {
            "Unnamed: 0": range(rows),
            "number": np.arange(rows)[::-1],
            "name": [f"n{i}" for i in range(rows)],
            "constant": ["x"] * rows,
            "empty": [None] * rows,
            "date": [f"2024-01-{i + 1:02d}" for i in range(rows)],
            "measured": np.random.default_rng(0).normal(size=rows),
            "count": np.arange(rows) % 7,
        }
    )
    (sentence,) = suspicious_columns(table, kinds_of(table, (), "`x`"))
    assert "['Unnamed: 0'] look like the index" in sentence
    assert "['number', 'name'] look like ids" in sentence
    assert "['constant', 'empty'] are constant" in sentence
    plain = table.select(["date", "measured", "count"])
    assert suspicious_columns(plain, kinds_of(plain, (), "`x`")) == []


def test_ten_of_many_names_are_shown():
    table = named_columns({f"c{i}": np.ones(3) for i in range(12)})
    (sentence,) = suspicious_columns(table, kinds_of(table, (), "`x`"))
    assert "'c9'] and 2 others are constant" in sentence and "c10" not in sentence
