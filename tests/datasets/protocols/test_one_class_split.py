"""Training, validation and test part, contaminants and labelled anomalies."""

import numpy as np
import pytest

from kerasocc.datasets import one_vs_rest


@pytest.fixture
def arrays(random):
    """Ten classes of 40 rows; every row is its own number, so that rows can be followed."""
    return np.arange(400, dtype="float32").reshape(400, 1), np.repeat(np.arange(10), 40)


OPTIONS = [
    dict(),
    dict(validation=0.25),
    dict(contamination=0.2),
    dict(labelled=0.1),
    dict(contamination=0.1, labelled=0.1, labelled_classes=[4, 5], validation=0.1, test=0.3),
]


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("seed", range(5))
def test_no_row_is_in_two_parts(options, seed, arrays):
    data = one_vs_rest(arrays, normal_class=3, seed=seed, **options)
    parts = [data.x_train.ravel(), data.x_val.ravel(), data.x_test.ravel()]
    rows = np.concatenate(parts)
    assert len(set(rows.tolist())) == len(rows)
    truth = (arrays[1] != 3).astype(int)
    for part, labels in zip(parts, (data.truth_train, data.y_val, data.y_test), strict=True):
        np.testing.assert_array_equal(truth[part.astype(int)], labels)


def test_sizes_by_hand(arrays):
    # 40 per class; test .25 -> 10; validation .2 of 30 -> 6; 24 normal samples train.
    data = one_vs_rest(
        arrays, normal_class=0, test=0.25, validation=0.2, contamination=0.2, labelled=0.4
    )
    assert len(data.x_test) == 100 and data.y_test.sum() == 90
    assert len(data.x_val) == 60 and data.y_val.sum() == 54
    # 24 normal + 6 contaminants (6 / 30 = .2) + 20 labelled (20 / 50 = .4)
    assert (data.y_train == 0).sum() == 30 and (data.y_train == -1).sum() == 20
    assert data.truth_train[:30].sum() == 6 and data.truth_train[30:].all()


def test_seeds(arrays):
    a, b, c = (one_vs_rest(arrays, contamination=0.1, seed=s) for s in (1, 1, 2))
    np.testing.assert_array_equal(a.x_train, b.x_train)
    assert set(a.x_test.ravel()) != set(c.x_test.ravel())


def test_labelled_classes_limit_the_labelled_anomalies(arrays):
    data = one_vs_rest(arrays, labelled=0.3, labelled_classes=[7])
    classes = arrays[1][data.x_train[data.y_train == -1].astype(int).ravel()]
    assert len(classes) and (classes == 7).all()


def test_a_number_of_labelled_classes_is_drawn_by_the_seed(arrays):
    def drawn(count, seed=0, labelled=0.45):
        options = dict(labelled=labelled, labelled_classes=count, seed=seed)
        data = one_vs_rest(arrays, normal_class=2, **options)
        return set(arrays[1][data.x_train[data.y_train == -1].astype(int).ravel()].tolist())

    # More classes contain fewer, as in scenario (iii) of Deep SAD.
    assert len(drawn(1)) == 1 and len(drawn(3)) == 3 and drawn(1) < drawn(3)
    assert drawn(9, labelled=0.8) == set(range(10)) - {2}
    assert len({tuple(drawn(1, seed)) for seed in range(5)}) > 1


def test_preprocessing_sees_no_labelled_anomalies(arrays):
    x, classes = arrays
    x = x.copy()
    x[classes == 7] = 1e6
    data = one_vs_rest((x, classes), labelled=0.3, labelled_classes=[7])
    assert np.array(data.preprocessing.range).item() < 1e3
