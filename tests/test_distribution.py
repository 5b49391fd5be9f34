"""Reductions over the global batch, under two replicas and under one."""

import keras
import numpy as np
import tensorflow as tf

import kerasocc as kocc
from kerasocc import distribution
from kerasocc.callbacks import RadiusUpdate


def pieces(strategy, *values):
    """One value per replica."""
    return strategy.experimental_distribute_values_from_function(
        lambda context: tf.constant(values[context.replica_id_in_sync_group], "float32")
    )


def on_replicas(strategy, function, *values):
    results = strategy.run(tf.function(function), args=(pieces(strategy, *values),))
    return [np.array(r) for r in strategy.experimental_local_results(results)]


def test_one_replica():
    values = tf.constant([1.0, 2.0, 6.0])
    assert float(distribution.global_mean_share(values)) == 3.0
    np.testing.assert_array_equal(distribution.global_concat(values), values)
    assert distribution.replicated_share(4.0) == 4.0
    np.testing.assert_array_equal(distribution.local_rows(values, 3), values)


def test_shares_of_unequal_pieces_sum_to_the_mean(two_replicas):
    shares = on_replicas(two_replicas, distribution.global_mean_share, [1.0, 2.0, 6.0], [11.0])
    # (1 + 2 + 6) / 4 and 11 / 4; means of the pieces, halved, would sum to 7.
    assert [float(share) for share in shares] == [2.25, 2.75]


def test_concat_of_unequal_pieces(two_replicas):
    parts = on_replicas(two_replicas, distribution.global_concat, [1.0, 2.0, 6.0], [11.0])
    for part in parts:
        assert part.tolist() == [1.0, 2.0, 6.0, 11.0]


def test_local_rows_undo_the_concat(two_replicas):
    def there_and_back(values):
        size = tf.shape(values)[0]
        return distribution.local_rows(distribution.global_concat(values), size)

    pieces = [[1.0, 2.0, 6.0], [11.0]]
    for part, piece in zip(on_replicas(two_replicas, there_and_back, *pieces), pieces, strict=True):
        assert part.tolist() == piece


def test_pieces_of_fixed_size_are_gathered_by_adding_them_up(two_replicas):
    # [1, 2, 6, 0, 0] + [0, 0, 0, 11, 0], of which 4 are samples.
    def gather(values):
        start = 3 * distribution.replica_number()
        with distribution.piece_of_batch(distribution.Piece(start, 4, capacity=5)):
            padded = distribution.joined(values, start, 5)
            whole = distribution.global_concat(values)
            return padded, whole, distribution.local_rows(whole, tf.shape(values)[0])

    results = two_replicas.run(
        tf.function(gather), args=(pieces(two_replicas, [1.0, 2.0, 6.0], [11.0]),)
    )
    padded, whole, own = (two_replicas.experimental_local_results(r) for r in results)
    for number, piece in enumerate([[1.0, 2.0, 6.0], [11.0]]):
        assert padded[number].shape == (5,)
        assert padded[number].numpy().tolist() == [1.0, 2.0, 6.0, 11.0, 0.0]
        assert whole[number].numpy().tolist() == [1.0, 2.0, 6.0, 11.0]
        assert own[number].numpy().tolist() == piece


def test_radius_per_batch_is_that_of_the_global_batch(digits, two_replicas):
    x = digits.x_train[:53]

    def train():
        model = kocc.DeepSVDD(
            kocc.networks.lenet("digits", seed=0),
            objective="soft-boundary",
            nu=0.3,
            preprocessing=kocc.datasets.preprocessing.contrast_min_max(x),
            seed=0,
        )
        model.compile(optimizer=keras.optimizers.SGD(1e-4))
        update = RadiusUpdate(warmup_epochs=1, update="batch")
        history = model.fit(x, batch_size=12, epochs=3, verbose=0, callbacks=[update]).history
        return history["loss"], history["radius"], keras.ops.convert_to_numpy(model.radius)

    single = train()
    with two_replicas.scope():
        replicated = train()
    for one, two in zip(single, replicated, strict=True):
        np.testing.assert_allclose(one, two, rtol=1e-5)
    assert single[1][0] == 0.0 and single[1][1] > 0.0
