"""Quantiles with weights."""

import keras
import numpy as np
import pytest

from kerasocc.losses.quantile import global_quantile, quantile

SHARES = (0.0, 0.05, 0.1, 0.5, 0.77, 0.9, 1.0)


def both(values, share, weights):
    """By NumPy, and by the operations of a training step."""
    tensors = [keras.ops.convert_to_tensor(np.asarray(v, "float32")) for v in (values, weights)]
    found = global_quantile(tensors[0], share, tensors[1], default=-1.0)
    return quantile(values, share, weights), float(keras.ops.convert_to_numpy(found))


@pytest.mark.parametrize("share", SHARES)
@pytest.mark.parametrize("scale", [1.0, 3.0])
def test_equal_weights_give_the_usual_quantile(share, scale, random):
    for count in (1, 2, 7, 40):
        values = random.normal(size=count)
        for found in both(values, share, np.full(count, scale)):
            assert found == pytest.approx(np.quantile(values, share), abs=1e-5)
        assert quantile(values, share) == np.quantile(values, share)


@pytest.mark.parametrize("share", SHARES)
def test_a_weight_of_0_leaves_a_sample_out_and_the_scale_changes_nothing(share, random):
    values, weights = random.normal(size=30), random.uniform(0.5, 2, size=30)
    weights[[0, 4, 11, values.argmin(), values.argmax()]] = 0
    kept = weights > 0
    expected = quantile(values[kept], share, weights[kept])
    for factor in (1, 1000):
        for found in both(values, share, factor * weights):
            assert found == pytest.approx(expected, abs=1e-5)


def test_by_hand():
    # n = 5^2 / (1 + 4 + 4) = 25 / 9; h = 8 / 9: the interval [0.32, 0.68] of the weights that
    # end at 0.2, 0.6 and 1; 1 is covered nowhere, 2 to 0.28 / 0.36, 3 to 0.08 / 0.36.
    expected = (0.28 * 2 + 0.08 * 3) / 0.36
    for found in both([3.0, 1.0, 2.0], 0.5, [2.0, 1.0, 2.0]):
        assert found == pytest.approx(expected, rel=1e-6)


def test_it_covers_its_share_of_the_weights(random):
    values, weights = random.normal(size=5000), random.exponential(size=5000)
    for share in (0.05, 0.1, 0.5, 0.95):
        for found in both(values, share, weights):
            below = weights[values < found].sum() / weights.sum()
            assert below == pytest.approx(share, abs=2e-3)


def test_a_batch_without_a_weight_above_0_keeps_what_there_was():
    values = keras.ops.convert_to_tensor([1.0, 2.0])
    found = global_quantile(values, 0.5, keras.ops.zeros(2), default=7.0)
    assert float(keras.ops.convert_to_numpy(found)) == 7.0
