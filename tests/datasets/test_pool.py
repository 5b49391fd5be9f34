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


def test_groups_stay_whole():
    groups = np.repeat(np.arange(12), 5)
    # Anomalies in the groups 0 and 1 alone.
    classes = np.zeros(60, int)
    classes[[0, 1, 7]] = 1
    for seed in range(5):
        pool = Pool(np.arange(60), classes, groups=groups)
        first, second = stratified_split(pool, 0.3, np.random.default_rng(seed))
        assert not set(first.groups) & set(second.groups)
        # One of the two groups with anomalies, and 3 of the 10 without: 15 rows of 50.
        assert len(second.classes) == 20 and 0 < second.classes.sum() < 3
        assert sorted([*first.x, *second.x]) == list(range(60))


@pytest.mark.parametrize("groups", [[0] * 6, [0] * 3 + [1] * 3])
def test_too_few_groups(groups):
    pool = Pool(np.arange(6), np.zeros(6, int), groups=np.array(groups))
    if len(set(groups)) > 1:
        assert len(stratified_split(pool, 0.1, np.random.default_rng(0))[1].x) == 3
        return
    with pytest.raises(ValueError, match="`group` must have groups for both sides"):
        stratified_split(pool, 0.5, np.random.default_rng(0))
    # Nothing is split off, so that nothing has to be divided.
    assert len(stratified_split(pool, 0.0, np.random.default_rng(0))[1].x) == 0


def test_the_latest_samples():
    times = np.array([3.0, 1.0, 2.0, 5.0, 4.0, 5.0])
    pool = Pool(np.arange(6), np.array([0, 1, 0, 0, 1, 0]), times=times)
    first, second = stratified_split(pool, 0.5, np.random.default_rng(0))
    assert second.x.tolist() == [3, 4, 5] and first.x.tolist() == [0, 1, 2]
    first, second = stratified_split(first, 0.34, np.random.default_rng(0))
    assert second.x.tolist() == [0] and first.times.tolist() == [1.0, 2.0]
    # Both samples of the time 5 go to the same side.
    assert len(stratified_split(pool, 0.1, np.random.default_rng(0))[1].x) == 2
    with pytest.raises(ValueError, match="`time` must differ between rows"):
        stratified_split(Pool(np.arange(2), np.zeros(2), times=np.ones(2)), 0.5, None)
