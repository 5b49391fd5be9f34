"""Set up TensorFlow before any test touches it: quiet, with two logical CPU devices."""

import gc
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import pytest

from kerasocc.datasets import one_vs_rest

if keras.backend.backend() == "tensorflow":
    import tensorflow as tf

    # Two replicas on one machine; it has to happen before TensorFlow starts.
    tf.config.set_logical_device_configuration(
        tf.config.list_physical_devices("CPU")[0], [tf.config.LogicalDeviceConfiguration()] * 2
    )


@pytest.fixture(scope="session")
def digits():
    """The digits, zeros normal; no test changes them."""
    return one_vs_rest("digits", normal_class=0)


@pytest.fixture(scope="session")
def two_replicas():
    """One strategy for the session: a second one in a process confuses the collectives."""
    return tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])


@pytest.fixture
def random():
    """A generator of its own for every test."""
    return np.random.default_rng(0)


@pytest.fixture
def float16_policy():
    """Mixed precision for one test."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_float16")
    yield
    keras.config.set_dtype_policy(before)


def pytest_collection_finish(session):
    """Have the garbage collector look at what the tests make, not at all that was imported.

    It takes a third of the time of the tests otherwise: graphs are made of many objects.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 10, 10)
