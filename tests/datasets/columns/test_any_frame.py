"""Frames drawn at random: features are finite and follow the names, or one error says why not."""

import datetime
import decimal

import numpy as np
import pandas
import pytest

from kerasocc.datasets import TableFeatures

ROWS = 30


def numbers(random):
    values = random.normal(size=ROWS) * 10.0 ** random.integers(-3, 12)
    return values + 10.0 ** random.integers(0, 12) * random.integers(0, 2)


def texts(random):
    return random.choice(["a", "b", "Ünïcode", " ", "1e5", "nan", "True", "2024-01-01"], ROWS)


COLUMNS = {
    "float": numbers,
    "int": lambda random: random.integers(-5, 5, ROWS),
    "uint8": lambda random: random.integers(0, 255, ROWS).astype("uint8"),
    "bool": lambda random: random.random(ROWS) < 0.5,
    "text": texts,
    "few texts": lambda random: random.choice(["x", "y"], ROWS),
    "category": lambda random: pandas.Categorical(random.choice(["x", "y"], ROWS)),
    "dates": lambda random: pandas.to_datetime(random.integers(0, 2**31, ROWS), unit="s"),
    "ISO": lambda random: [
        f"20{i % 90 + 10}-01-{i % 28 + 1:02d}" for i in random.permutation(ROWS)
    ],
    "days": lambda random: [datetime.date(2024, 1, 1 + i % 28) for i in range(ROWS)],
    "durations": lambda random: pandas.to_timedelta(random.integers(0, 999, ROWS), unit="s"),
    "decimals": lambda random: [decimal.Decimal(i % 7) for i in range(ROWS)],
    "Int64": lambda random: pandas.array(random.integers(0, 9, ROWS), dtype="Int64"),
    "arrow": lambda random: pandas.array(random.normal(size=ROWS), dtype="double[pyarrow]"),
    "constant": lambda random: np.full(ROWS, 3),
    "mixed": lambda random: [1, "two", None] * (ROWS // 3),
    "lists": lambda random: [[1]] * ROWS,
    "huge": lambda random: np.full(ROWS, 1e300),
    "empty": lambda random: [None] * ROWS,
}


@pytest.mark.parametrize("seed", range(120))
def test_any_frame(seed):
    random = np.random.default_rng(seed)
    chosen = random.choice(list(COLUMNS), random.integers(1, 6), replace=False)
    frame = pandas.DataFrame({name: COLUMNS[name](random) for name in chosen})
    if random.random() < 0.5:
        frame = frame.mask(random.random(frame.shape) < 0.1)
    missing = str(random.choice(["error", "median"]))
    try:
        features = TableFeatures(missing=missing, max_categories=3).adapt(frame)
    except ValueError as error:
        assert "Received" in str(error) and "\n" not in str(error)
        return
    encoded = features.encode(frame)
    assert encoded.shape == (ROWS, features.width) and np.isfinite(encoded).all()
    shuffled = frame[random.permutation(frame.columns)]
    np.testing.assert_array_equal(features.encode(shuffled), encoded)
    rows = random.permutation(ROWS)[:7]
    # Rows alone are encoded as among the others, though their columns may have other dtypes.
    part = frame.iloc[rows].reset_index(drop=True)
    np.testing.assert_array_equal(features.encode(part), encoded[rows])
    as_objects = {name: part[name].tolist() for name in part}
    np.testing.assert_array_equal(features.encode(as_objects), encoded[rows])
    again = TableFeatures.from_config(features.get_config())
    np.testing.assert_array_equal(again.encode(frame), encoded)


def test_both_outcomes_occur():
    outcomes = set()
    for seed in range(40):
        random = np.random.default_rng(seed)
        name = str(random.choice(list(COLUMNS)))
        try:
            TableFeatures().adapt({name: COLUMNS[name](random)})
            outcomes.add("features")
        except ValueError:
            outcomes.add("an error")
    assert outcomes == {"features", "an error"}
