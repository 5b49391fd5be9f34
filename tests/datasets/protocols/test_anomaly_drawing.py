"""Counts by hand, and draws that agree for every count."""

import numpy as np
import pytest

from kerasocc.datasets.protocols.anomaly_drawing import count_for_fraction, draw_anomalies


@pytest.mark.parametrize(
    ("base", "fraction", "count"), [(90, 0.1, 10), (20, 0.5, 20), (20, 0.0, 0), (7, 0.3, 3)]
)
def test_counts(base, fraction, count):
    assert count_for_fraction(base, fraction) == count


def test_more_are_the_same_and_others():
    rows = np.arange(100, 120)
    few, many = (draw_anomalies(rows, n, np.random.default_rng(0), leave=1) for n in (5, 19))
    np.testing.assert_array_equal(many[:5], few)
    assert len(set(many)) == 19 and set(many) < set(rows)


def test_some_must_be_left():
    rows = np.arange(3)
    with pytest.raises(ValueError, match="asks for 3 .* holds 3, of which 1 must stay in the test"):
        draw_anomalies(rows, 3, np.random.default_rng(0), leave=1)
    assert len(draw_anomalies(rows, 3, np.random.default_rng(0), leave=0)) == 3
    assert len(draw_anomalies(rows[:0], 0, np.random.default_rng(0), leave=1)) == 0
