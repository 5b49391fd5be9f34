"""The stratified split, counted by hand."""

import numpy as np
import pytest

from kerasocc.datasets.pool import Pool, stratified_split


@pytest.fixture
def pool():
    return Pool(np.arange(60), np.tile([0, 1, 1, 2, 2, 2], 10))


def test_every_class_in_the_same_proportion(pool):
    first, second = stratified_split(pool, 0.25, np.random.default_rng(0))
    # Of 10, 20 and 30: round(2.5) = 2 (to even), 5 and round(7.5) = 8.
    assert np.bincount(second.classes).tolist() == [2, 5, 8]
    assert np.bincount(first.classes).tolist() == [8, 15, 22]
    for part in (first, second):
        assert (np.diff(part.x) > 0).all()
        np.testing.assert_array_equal(part.classes, pool.classes[part.x])
    assert sorted([*first.x, *second.x]) == list(range(60))


def test_the_generator_decides(pool):
    parts = [stratified_split(pool, 0.5, np.random.default_rng(seed))[1].x for seed in (1, 1, 2)]
    np.testing.assert_array_equal(parts[0], parts[1])
    assert set(parts[0]) != set(parts[2])


@pytest.mark.parametrize(("fraction", "sizes"), [(0.0, (60, 0)), (1.0, (0, 60))])
def test_nothing_and_everything(pool, fraction, sizes):
    parts = stratified_split(pool, fraction, np.random.default_rng(0))
    assert tuple(len(part.x) for part in parts) == sizes
