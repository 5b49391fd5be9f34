"""The order in which batches are drawn from training samples and outliers."""

import numpy as np
import pytest

from kerasocc.engine.outlier_exposure import ExposedOrder, ExposedSource
from kerasocc.engine.sources import ArraySource


def exposed(samples=50, outliers=7, fraction=0.5):
    source = ArraySource(np.arange(samples)[:, None])
    return ExposedSource(source, ArraySource(1000.0 + np.arange(outliers)[:, None]), fraction)


def batches(order, epoch=0):
    positions = order.draw(epoch)
    return [positions[s : s + order.batch_size] for s in range(0, len(positions), order.batch_size)]


def test_every_batch_is_half_outliers():
    order = ExposedOrder(exposed(), 16, True, 0, None)
    sizes = [(len(batch), int((batch >= 50).sum())) for batch in batches(order)]
    # 50 samples, 8 a batch; the last has 2, and as many outliers.
    assert sizes == [(16, 8)] * 6 + [(4, 2)]
    assert order.num_batches == 7 and order.length == len(order.draw(3)) == 100


@pytest.mark.parametrize(
    ("fraction", "size", "outliers"), [(0.25, 16, 4), (0.9, 16, 14), (0.01, 16, 1), (0.99, 4, 3)]
)
def test_the_fraction_of_outliers(fraction, size, outliers):
    first = batches(ExposedOrder(exposed(fraction=fraction), size, True, 0, None))[0]
    assert len(first) == size and (first >= 50).sum() == outliers


def test_an_epoch_is_a_pass_over_the_samples():
    order = ExposedOrder(exposed(), 16, True, 0, None)
    for epoch in (0, 1):
        positions = order.draw(epoch)
        np.testing.assert_array_equal(np.sort(positions[positions < 50]), np.arange(50))
        counts = np.bincount(positions[positions >= 50] - 50)
        # 50 outliers are drawn from 7: all of them, seven times or eight.
        assert len(counts) == 7 and set(counts) == {7, 8}


def test_orders_depend_on_seed_and_epoch_alone():
    draw = [ExposedOrder(exposed(), 16, True, seed, None).draw(e) for seed, e in ((1, 5), (1, 5))]
    np.testing.assert_array_equal(*draw)
    other = [
        ExposedOrder(exposed(), 16, True, seed, None).draw(epoch)
        for seed, epoch in ((1, 5), (2, 5), (1, 6))
    ]
    for part in (lambda p: p[p < 50], lambda p: p[p >= 50]):
        drawn = [part(positions) for positions in other]
        assert not np.array_equal(drawn[0], drawn[1]) and not np.array_equal(drawn[0], drawn[2])


def test_without_shuffling_epochs_go_through_the_outliers():
    order = ExposedOrder(exposed(samples=4, outliers=6), 4, False, 0, None)
    # Two batches of two samples and two outliers, evenly interleaved.
    assert order.draw(0).tolist() == [0, 4, 1, 5, 2, 6, 3, 7]
    assert order.draw(1).tolist() == [0, 8, 1, 9, 2, 4, 3, 5]


def test_steps_per_epoch():
    order = ExposedOrder(exposed(), 8, True, 0, 40)
    assert [len(batch) for batch in batches(order)] == [8] * 40
    assert all((batch >= 50).sum() == 4 for batch in batches(order))


def test_any_part_of_a_batch_has_its_share():
    first = batches(ExposedOrder(exposed(fraction=0.25), 16, True, 0, None))[0]
    assert [int((part >= 50).sum()) for part in np.split(first, 4)] == [1, 1, 1, 1]
