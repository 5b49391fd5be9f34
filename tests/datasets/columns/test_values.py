"""Values of columns of every type, as numbers, dates or text."""

import datetime
import decimal

import numpy as np
import pandas
import pytest

from kerasocc.datasets.columns.values import canonical_text, column_values, plain_values

NAN, NAT = np.nan, np.datetime64("NaT", "us")
MOMENT = np.datetime64("2024-03-01T12:30:00", "us")
NUMBERS = {
    "int": pandas.Series([1, 2], dtype="int64"),
    "nullable": pandas.Series([1, 2], dtype="Int64"),
    "arrow": pandas.Series([1, 2], dtype="int64[pyarrow]"),
    "decimal": pandas.Series([decimal.Decimal(1), decimal.Decimal(2)]),
    "objects": np.array([1, 2.0], dtype=object),
    "list": [1, 2],
    "column": np.array([[1], [2]]),
    "sparse": pandas.Series(pandas.arrays.SparseArray([1, 2])),
}
MISSING = {
    "float": [1.0, NAN],
    "None": [1, None],
    "nullable": pandas.Series([1, pandas.NA], dtype="Int64"),
    "nullable float": pandas.Series([1, pandas.NA], dtype="Float64"),
    "nullable boolean": pandas.Series([True, pandas.NA], dtype="boolean"),
    "arrow": pandas.Series([1, None], dtype="double[pyarrow]"),
    "arrow boolean": pandas.Series([True, None], dtype="bool[pyarrow]"),
    "NA among objects": pandas.Series([1, pandas.NA], dtype=object),
    "NA in an array": np.array([1, pandas.NA], dtype=object),
    "seconds as objects": [datetime.timedelta(seconds=1), None],
    "seconds": pandas.Series([datetime.timedelta(seconds=1), None]),
}
DATES = {
    "pandas": pandas.Series([pandas.Timestamp("2024-03-01 12:30"), None]),
    "a time zone": pandas.Series([pandas.Timestamp("2024-03-01 12:30", tz="Asia/Tokyo"), None]),
    "arrow": pandas.Series([datetime.datetime(2024, 3, 1, 12, 30), None]).astype(
        "timestamp[ns][pyarrow]"
    ),
    "objects": np.array([datetime.datetime(2024, 3, 1, 12, 30), None], dtype=object),
    "numpy": np.array(["2024-03-01T12:30", "NaT"], dtype="datetime64[s]"),
}
TEXT = {
    "str": pandas.Series(["a", None], dtype="str"),
    "string": pandas.Series(["a", None], dtype="string"),
    "arrow": pandas.Series(["a", None], dtype="string[pyarrow]"),
    "category": pandas.Series(["a", None], dtype="category"),
    "objects": np.array(["a", None], dtype=object),
    "bytes": np.array([b"a", None], dtype=object),
    "list": ["a", None],
    "list with NaN": ["a", NAN],
}


@pytest.mark.parametrize("kind", NUMBERS)
def test_numbers(kind):
    found = column_values(NUMBERS[kind], "c")
    assert found.dtype == "float64" and found.tolist() == [1.0, 2.0]


@pytest.mark.parametrize("kind", MISSING)
def test_missing_numbers(kind):
    np.testing.assert_array_equal(column_values(MISSING[kind], "c"), [1.0, NAN])


@pytest.mark.parametrize("kind", DATES)
def test_dates(kind):
    found = column_values(DATES[kind], "c")
    np.testing.assert_array_equal(found, np.array([MOMENT, NAT]))


@pytest.mark.parametrize("kind", TEXT)
def test_text(kind):
    assert column_values(TEXT[kind], "c").tolist() == ["a", None]


def test_dates_without_a_time_and_times_without_a_date():
    days = column_values([datetime.date(2024, 3, 1), None], "c")
    np.testing.assert_array_equal(days, np.array(["2024-03-01", "NaT"], "datetime64[us]"))
    assert column_values([datetime.time(12, 30)], "c").tolist() == ["12:30:00"]


def test_numbers_of_a_category_are_text():
    category = pandas.Series([1, 2, None], dtype="category")
    assert column_values(category, "c").tolist() == ["1", "2", None]
    assert [canonical_text(v) for v in (1, 1.0, True, 1.5, "1", None)] == [
        "1",
        "1",
        "True",
        "1.5",
        "1",
        None,
    ]


@pytest.mark.parametrize(
    "values, what",
    [
        ([{}], "values of type dict"),
        ([1j], "complex numbers"),
        ([[1, 2], [3, 4]], r"shape \(2, 2\)"),
        ([[1], [2, 3]], "lists of unequal length"),
        (pandas.Series([1j]), "complex numbers"),
    ],
)
def test_other_values_are_refused(values, what):
    with pytest.raises(ValueError, match=rf"{what}.* in column 'c'"):
        column_values(values, "c")


def test_plain_values_are_written_without_a_point():
    assert plain_values(np.array([1.0, 2.5, NAN])) == [1, 2.5, ""]
    assert plain_values(np.array([MOMENT, NAT])) == ["2024-03-01T12:30:00", ""]
    assert plain_values(np.array(["007", None], dtype=object)) == ["007", ""]
