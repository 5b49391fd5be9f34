"""Folds that train on normal samples alone."""

import numpy as np
import pytest

from kerasocc.estimators import OneClassKFold

Y = np.array([1, -1, 1, 1, 1, -1, 1])


def test_anomalies_are_in_every_test_part_and_in_no_training_part():
    folds = list(OneClassKFold(5, random_state=0).split(np.zeros((7, 1)), Y))
    assert len(folds) == 5
    for trained, tested in folds:
        assert set(Y[trained]) == {1}
        assert {1, 5} < set(tested)
        assert set(trained).isdisjoint(tested)
        assert len(trained) + len(tested) == 7
    # Every normal sample is tested once.
    tested = np.concatenate([tested for _, tested in folds])
    assert sorted(tested[Y[tested] == 1]) == [0, 2, 3, 4, 6]


def test_other_labels_of_anomalies():
    (trained, tested), _ = OneClassKFold(2, anomaly="bad").split(None, ["ok", "bad", "ok"])
    assert 1 in tested and 1 not in trained
    assert OneClassKFold(4).get_n_splits() == 4


def test_what_is_refused():
    with pytest.raises(ValueError, match="`y` must hold anomalies, which are -1 here"):
        next(OneClassKFold().split(None, [0, 1, 0, 1, 1, 1]))
    with pytest.raises(ValueError, match="`n_splits` must be an integer of at least 2"):
        OneClassKFold(1)
    with pytest.raises(ValueError, match="number of splits"):
        next(OneClassKFold(5).split(None, [1, 1, -1]))
