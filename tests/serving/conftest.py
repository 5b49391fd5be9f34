"""The model that several servers serve."""

import pytest

import kerasocc
from tests.serving.table_samples import samples


@pytest.fixture(scope="session")
def table_model():
    """A small model of a table of six columns, with p-values; no test changes it."""
    model = kerasocc.DeepSVDD(kerasocc.networks.mlp([6, 16, 4]), seed=0)
    model.compile("adam")
    model.fit(samples(300, 0), epochs=2, verbose=0)
    model.calibrate(samples(200, 1), fpr=0.05)
    return model
