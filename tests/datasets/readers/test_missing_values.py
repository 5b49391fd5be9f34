"""Missing values: refused by place, medians by hand."""

import numpy as np
import pytest

from kerasocc.datasets import Rows
from kerasocc.datasets.readers.missing_values import fill_rows, filled, medians, refuse_missing


@pytest.fixture
def x():
    return np.array([[1, np.nan, np.inf], [5, 2, np.nan], [3, 8, np.nan]], "float32")


@pytest.mark.parametrize("view", [np.asarray, Rows])
def test_medians_are_those_of_finite_values(x, view):
    np.testing.assert_array_equal(medians(view(x)), [3, 5, 0])
    np.testing.assert_array_equal(fill_rows(view(x), medians(x)), [[1, 5, 0], [5, 2, 0], [3, 8, 0]])
    assert filled(x.astype("float64"), np.zeros(3)).dtype == np.float32


def test_the_first_missing_value_is_named(x):
    message = "'t' has 4 missing or infinite values, the first in row 7, column 1. Pass `missing="
    with pytest.raises(ValueError, match=message):
        refuse_missing("t", x, first_row=7)
    refuse_missing("t", x[:, :1])
