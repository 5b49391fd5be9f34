"""Tables in generated dialects are read as they are meant, or refused: never misread in silence."""

import re

import numpy as np
import pandas
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kerasocc.datasets import load
from kerasocc.datasets.dialect import Dialect
from kerasocc.datasets.readers.named_tables import find_dialect, read_frames
from tests.hostile.generated.profiles import cases
from tests.hostile.generated.text_tables import text_tables


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return tmp_path_factory.mktemp("tables") / "t.csv"


def read(path, content, **options):
    path.write_bytes(content)
    dialect = find_dialect(path, Dialect(**options))
    return dialect, pandas.concat(list(read_frames(path, dialect, 7)))


def check_values(frame, table):
    assert frame.shape == (len(table.columns[0]), len(table.columns))
    if table.names is not None:
        assert list(frame.columns) == table.names
    for name, values in zip(frame.columns, table.columns, strict=True):
        if isinstance(values[0], str):
            assert list(frame[name]) == values
        else:
            numbers = pandas.to_numeric(frame[name]).to_numpy("float64", na_value=np.nan)
            expected = np.array([np.nan if v is None else v for v in values], "float64")
            np.testing.assert_allclose(numbers, expected, rtol=1e-9, atol=1e-9)


def is_noted(table, dialect):
    """Whether the reading is another one that the first line of a training tells.

    Between semicolons a comma is the decimal one if nothing else tells what it is; lines of two
    whole numbers without a header are two columns.
    """
    is_decimal = table.options["thousands"] == "," and table.options["separator"] == ";"
    if is_decimal and dialect.decimal == ",":
        return True
    is_single = len(table.columns) == 1 and "," in table.content.decode(errors="replace")
    return is_single and dialect.separator == "," and dialect.header is False


@cases(0.5)
@given(table=text_tables())
def test_what_is_detected_is_right_or_asked_for(path, table):
    try:
        dialect, frame = read(path, table.content)
    except ValueError as error:
        assert str(path) in str(error)
        return
    if frame.empty:
        # A single row of text is a header over nothing: it must not pass for a table.
        with pytest.raises(ValueError, match=re.escape(str(path))):
            load(path)
        return
    if not is_noted(table, dialect):
        check_values(frame, table)


@cases(0.1)
@given(table=text_tables())
def test_what_is_given_is_read(path, table):
    check_values(read(path, table.content, **table.options)[1], table)


@cases(0.05)
@given(
    content=st.one_of(
        st.binary(max_size=200), st.text(',;\t "\n\r#%.0123456789e-ab').map(str.encode)
    )
)
def test_any_bytes_are_a_table_or_a_value_error(path, content):
    try:
        read(path, content)
    except ValueError as error:
        assert str(path) in str(error)
