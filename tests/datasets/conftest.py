"""Fixtures of the tests of data sets."""

import pytest

from kerasocc.datasets.storage import spooling


@pytest.fixture
def limit_memory(monkeypatch):
    """Function that limits the bytes of samples that are held in memory, for one test."""
    return lambda limit=0: monkeypatch.setattr(spooling, "MEMORY_LIMIT", limit)
