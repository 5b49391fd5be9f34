"""What is not documented of strategies: every assumption of `engine/strategy_contract.py` alone.

As `test_keras_contract.py`, to be run with a new release of Keras or TensorFlow.
"""

import os
import subprocess
import sys

import keras
import numpy as np
import pytest

from kerasocc.engine import strategy_contract as contract

tf = pytest.importorskip("tensorflow")
X = np.linspace(-1, 1, 24, dtype="float32").reshape(12, 2)


def plain_model():
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1, use_bias=False)])
    model.compile(keras.optimizers.SGD(0.0), loss="mse")
    return model


@pytest.fixture
def replicated(two_replicas):
    with two_replicas.scope():
        return plain_model()


def test_a_model_keeps_the_strategy_of_its_scope(replicated, two_replicas):
    assert contract.strategy_of(replicated) is two_replicas
    assert contract.strategy_of(plain_model()) is not two_replicas


def test_keras_builds_from_a_batch_unless_told_not_to(replicated, monkeypatch):
    calls = []
    original = replicated._maybe_symbolic_build

    def counted(*arguments, **options):
        calls.append(1)
        return original(*arguments, **options)

    monkeypatch.setattr(type(replicated), "_maybe_symbolic_build", lambda self, **o: counted(**o))
    replicated.fit(X, np.zeros(12), batch_size=4, verbose=0)
    assert calls, "Keras no longer builds so: `without_symbolic_build` has nothing to prevent"
    calls.clear()
    with contract.without_symbolic_build(replicated):
        replicated.fit(X, np.zeros(12), batch_size=4, verbose=0)
    assert not calls and "_maybe_symbolic_build" not in vars(replicated)


def test_train_on_batch_passes_its_batch_as_an_iterator():
    model, seen = plain_model(), []
    contract.take_given_batches(model, lambda batch: seen.append(batch) or {"loss": 3.0})
    logs = model.train_on_batch(X[:4], np.zeros(4), return_dict=True)
    ((x, y, sample_weight),) = seen
    np.testing.assert_array_equal(x, X[:4])
    assert len(y) == 4 and sample_weight is None and logs == {"loss": 3.0}


def steps_of(counter, most):
    return sum(1 for _ in zip(counter, range(most), strict=False))


def test_every_worker_counts_all_steps(replicated):
    counter, steps = contract.epoch_counter(replicated, 5, None)
    assert (steps_of(counter, 9), steps) == (5, None)
    # Without an end, as generators have none.
    counter, steps = contract.epoch_counter(replicated, None, 4)
    assert (steps_of(counter, 9), steps) == (9, 4)


def test_another_strategy_has_one_counter_for_all_epochs():
    with tf.distribute.OneDeviceStrategy("CPU:0").scope():
        model = plain_model()
    counter, steps = contract.epoch_counter(model, 5, None)
    assert (steps_of(counter, 9), steps) == (9, 5)


def test_replicas_on_cpus_add_up_on_one_of_them(replicated, two_replicas):
    extended = two_replicas.extended
    default = extended._cross_device_ops
    assert default is extended._collective_ops
    with contract.suited_reduction(replicated):
        assert isinstance(extended._cross_device_ops, tf.distribute.ReductionToOneDevice)
    assert extended._cross_device_ops is default


def test_the_reduction_of_the_user_wins(replicated, two_replicas, monkeypatch):
    own = tf.distribute.HierarchicalCopyAllReduce()
    monkeypatch.setattr(two_replicas.extended, "_cross_device_ops", own)
    with contract.suited_reduction(replicated):
        assert two_replicas.extended._cross_device_ops is own


def test_replicas_of_one_process(replicated):
    assert contract.has_only_one_worker(replicated)


def test_a_function_is_called_where_it_is_without_workers(two_replicas):
    with two_replicas.scope():
        found = contract.outside_of_workers(
            lambda a, b: (a, b, tf.distribute.get_strategy()), 1, b=2
        )
    assert found == (1, 2, two_replicas)


OUTSIDE = """
import tensorflow as tf
from kerasocc.engine.strategy_contract import outside_of_workers

strategy = tf.distribute.MultiWorkerMirroredStrategy()
with strategy.scope():
    assert tf.distribute.get_strategy() is strategy
    found = outside_of_workers(lambda: tf.distribute.get_strategy())
assert not isinstance(found, tf.distribute.MultiWorkerMirroredStrategy), found
"""


@pytest.mark.slow
def test_a_function_is_called_outside_of_the_scope_of_workers():
    environment = {k: v for k, v in os.environ.items() if k != "TF_CONFIG"}
    subprocess.run([sys.executable, "-c", OUTSIDE], check=True, env=environment, timeout=120)
