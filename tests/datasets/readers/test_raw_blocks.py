"""Blocks of the columns of tables to score: one bad cell makes no other cell bad."""

import numpy as np
import pytest

from kerasocc.datasets.columns.encoders import numbers_of
from kerasocc.datasets.dialect import Dialect
from kerasocc.datasets.readers.blocks import Selection
from kerasocc.datasets.readers.named_tables import find_dialect
from kerasocc.datasets.readers.raw_tables import raw_blocks

TABLE = "city;amount;paid\n7;1.000,5;True\n07;much;False\nBern;-2,25;\nPisa;;maybe\n"


@pytest.fixture
def columns(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text(TABLE)
    given = Dialect(separator=";", decimal=",", thousands=".")
    selection = Selection(labelled=False, dialect=find_dialect(path, given))
    ((columns, _),) = raw_blocks(path, ["city", "amount", "paid"], selection, ["city"])
    return columns.columns


def test_numbers_beside_text_are_numbers(columns):
    numbers, wrong = numbers_of(columns["amount"])
    np.testing.assert_array_equal(numbers, [1000.5, np.nan, -2.25, np.nan])
    assert wrong.tolist() == [False, True, False, False]


def test_so_are_booleans(columns):
    numbers, wrong = numbers_of(columns["paid"])
    np.testing.assert_array_equal(numbers, [1.0, 0.0, np.nan, np.nan])
    assert wrong.tolist() == [False, False, False, True]


def test_categories_stay_as_they_are_written(columns):
    assert columns["city"].tolist() == ["7", "07", "Bern", "Pisa"]
