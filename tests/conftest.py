"""Set up TensorFlow before any test touches it: quiet, with two logical CPU devices."""

import gc
import hashlib
import os
import random as standard_random
import signal
import time

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


# What a shell runs in the background ignores Ctrl-C, and so would all that is interrupted here.
signal.signal(signal.SIGINT, signal.default_int_handler)


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


def pytest_addoption(parser):
    group = parser.getgroup("kerasocc")
    group.addoption("--time-budget", type=float, metavar="SECONDS", help="skip what begins later")
    group.addoption("--shuffle-files", metavar="SEED", help="order the files of tests by a seed")


def pytest_collection_modifyitems(config, items):
    """With a seed, such as a commit, other files are the last, for which no time may be left."""
    seed = config.getoption("--shuffle-files")
    if seed:
        items.sort(key=lambda item: hashlib.sha256(f"{seed} {item.path}".encode()).digest())


@pytest.hookimpl(tryfirst=True)
def pytest_fixture_setup():
    """Networks without a seed start alike at every run: Keras draws their seeds from `random`."""
    standard_random.seed(0)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_call():
    standard_random.seed(0)


BEGIN = time.monotonic()
NO_TIME = "no time is left"


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item):
    budget = item.config.getoption("--time-budget")
    if budget is not None and time.monotonic() - BEGIN > budget:
        pytest.skip(NO_TIME)


def pytest_terminal_summary(terminalreporter):
    left = sum(NO_TIME in str(r.longrepr) for r in terminalreporter.stats.get("skipped", ()))
    if left:
        terminalreporter.write_line(f"{left} tests were left out: {NO_TIME}", yellow=True)


def pytest_collection_finish(session):
    """Have the garbage collector look at what the tests make, not at all that was imported.

    It takes a third of the time of the tests otherwise: graphs are made of many objects.
    """
    set_aside_what_stays()
    gc.set_threshold(50_000, 10, 10)


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(item, nextitem):
    """After each module the collector leaves alone what the module has left.

    TensorFlow's converters collect all garbage, and took seconds at the end of a long session.
    """
    if nextitem is None or nextitem.module is not item.module:
        set_aside_what_stays()


def set_aside_what_stays():
    gc.collect()
    gc.freeze()
