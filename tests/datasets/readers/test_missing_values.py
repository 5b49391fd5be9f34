"""Missing values: refused by place, medians by hand."""

import numpy as np
import pytest

from kerasocc.datasets import Rows
from kerasocc.datasets.readers.missing_values import fill_rows, filled, medians, refuse_missing


@pytest.fixture
def x():
    return np.array([[1, np.nan, np.inf], [5, 2, np.nan], [3, 8, np.nan]], "float32")


@pytest.mark.parametrize("view", [np.asarray, Rows])
def test_medians_are_those_of_the_values_that_there_are(x, view):
    np.testing.assert_array_equal(medians(view(x)), [3, 5, np.inf])
    x[0, 2] = np.nan
    np.testing.assert_array_equal(medians(view(x)), [3, 5, 0])
    np.testing.assert_array_equal(fill_rows(view(x), medians(x)), [[1, 5, 0], [5, 2, 0], [3, 8, 0]])


def test_what_is_infinite_is_not_missing(x):
    found = filled(np.float64([[np.nan, np.inf, 1e300]]), np.zeros(3))
    np.testing.assert_array_equal(found, [[0, np.inf, 1e300]])
    message = "'t' has 1 values that are infinite as float32, the first in row 0, column 'c'"
    with pytest.raises(ValueError, match=message):
        refuse_missing("t", x, columns=["a", "b", "c"], only_infinite=True)
    with pytest.raises(ValueError, match="'t' has 1 values that are infinite as float32"):
        refuse_missing("t", np.float64([[1e300, np.nan]]), only_infinite=True)
    refuse_missing("t", x[:, :2], only_infinite=True)


def test_the_first_missing_value_is_named(x):
    message = "'t' has 4 missing or infinite values, the first in row 7, column 1. Pass `missing="
    with pytest.raises(ValueError, match=message):
        refuse_missing("t", x, first_row=7)
    refuse_missing("t", x[:, :1])
