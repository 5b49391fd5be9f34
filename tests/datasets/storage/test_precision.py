"""Which columns float32 does not tell apart."""

import numpy as np
import pytest

from kerasocc.datasets.storage.precision import in_two_parts, loses_in_float32

RANDOM = np.random.default_rng(0)
NOISE = RANDOM.normal(size=(1000, 1))
COLUMNS = {
    "a minute in seconds since 1970": (1.7e9 + 60 * RANDOM.uniform(size=(1000, 1)), True),
    "the same in integers": (1_700_000_000 + np.arange(1000)[:, None], True),
    "ten years in seconds since 1970": (1.7e9 + 3e8 * RANDOM.uniform(size=(1000, 1)), False),
    "numbers around 0": (NOISE, False),
    "few large numbers": (np.where(np.arange(1000)[:, None] % 50 == 0, 1e12, NOISE), False),
    "one constant": (np.full((1000, 1), 0.1), False),
    "mostly constant": (np.where(np.arange(1000)[:, None] % 9 == 0, 1.7e9 + 1, 1.7e9), True),
    "holes": (np.where(NOISE > 0, np.nan, 1.7e9 + NOISE), True),
    "holes alone": (np.full((1000, 1), np.nan), False),
    "infinity": (np.where(NOISE > 1, np.inf, NOISE), False),
    "float32 already": (np.float32(1.7e9 + 1000 * NOISE), False),
    "images": (1.7e9 + RANDOM.uniform(size=(10, 4, 4, 1)), False),
}


@pytest.mark.parametrize("name", COLUMNS)
def test_columns(name):
    x, loses = COLUMNS[name]
    assert loses_in_float32(x) is loses
    if x.ndim == 2:
        # One such column is enough.
        assert loses_in_float32(np.concatenate([NOISE.astype(x.dtype), x], axis=1)) is loses


def test_two_parts_add_up():
    values = np.float64([1_700_000_001.25, -0.1, 0.0])
    high, rest = in_two_parts(values)
    assert high.dtype == rest.dtype == "float32"
    np.testing.assert_allclose(np.float64(high) + rest, values, rtol=1e-14)
    assert high[0] != values[0]


def test_the_largest_numbers_have_no_warning():
    x = np.arange(40.0)[:, None] * 1e300
    assert not loses_in_float32(x)
