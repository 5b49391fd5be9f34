"""Distances to the nearest of stored samples: by hand, against float64, in blocks."""

import keras
import numpy as np
import pytest

from kerasocc.losses.nearest_neighbors import nearest_distances


def found(x, memory, count, **options):
    arrays = (np.asarray(x, "float32"), np.asarray(memory, "float32"))
    tensors = (keras.ops.convert_to_tensor(a) for a in arrays)
    return keras.ops.convert_to_numpy(nearest_distances(*tensors, count, **options))


def expected(x, memory, count):
    differences = np.asarray(x, "float64")[:, None] - np.asarray(memory, "float64")
    return np.sort(np.sqrt((differences**2).sum(-1)), axis=1)[:, :count]


def test_by_hand():
    memory = [[0.0, 0.0], [3.0, 4.0], [0.0, 1.0]]
    expected = [[0, 1], [3, np.sqrt(10)]]
    distances = found([[0, 0], [3, 0]], memory, 2)
    np.testing.assert_allclose(distances, expected, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("rows_per_block", [7, 10, 25, 26, 100])
@pytest.mark.parametrize("count", [1, 3])
def test_blocks_change_nothing(random, rows_per_block, count):
    # Rows that fill up the last block must not come near, not even to the middle of a sphere.
    memory = random.normal(size=(50, 4))
    memory *= 5 / np.linalg.norm(memory, axis=1, keepdims=True)
    x = random.normal(size=(9, 4))
    distances = found(x, memory, count, rows_per_block=rows_per_block)
    np.testing.assert_allclose(distances, expected(x, memory, count), rtol=1e-5)


def test_as_many_neighbours_as_a_block_has_rows(random):
    memory, x = random.normal(size=(11, 3)), random.normal(size=(2, 3))
    distances = found(x, memory, 11, rows_per_block=11)
    np.testing.assert_allclose(distances, expected(x, memory, 11), rtol=1e-5)
    distances = found(x, memory, 6, rows_per_block=10)
    np.testing.assert_allclose(distances, expected(x, memory, 6), rtol=1e-5)


def test_many_columns_do_not_overflow(random):
    memory, x = random.normal(size=(30, 500)), random.normal(size=(2, 500))
    distances = found(x, memory, 3, rows_per_block=8)
    np.testing.assert_allclose(distances, expected(x, memory, 3), rtol=1e-5)


def test_neighbours_that_almost_equal_the_sample(random):
    # The squared lengths are 1e8, the squared distances 1e-4: a float32 keeps seven digits.
    memory = np.float32(5000 + random.normal(size=(40, 4)))
    x = memory[:10] + np.float32(0.01)
    np.testing.assert_allclose(found(x, memory, 3), expected(x, memory, 3), rtol=1e-4)
    np.testing.assert_array_less(found(memory, memory, 1), 1e-6)


def test_a_stored_sample_has_a_finite_gradient(random):
    import tensorflow as tf

    memory = tf.constant(random.normal(size=(20, 4)).astype("float32"))
    x = tf.Variable(memory[:5])
    with tf.GradientTape() as tape:
        total = tf.reduce_sum(nearest_distances(x, memory, 3, rows_per_block=8))
    gradient = tape.gradient(total, x).numpy()
    assert np.isfinite(gradient).all() and np.abs(gradient).max() > 0.1
