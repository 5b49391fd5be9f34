"""Batches joined in memory or on disk."""

import errno
import tempfile

import numpy as np
import pytest

from kerasocc.datasets import (
    Rows,
)
from kerasocc.datasets.storage.spooling import spool


@pytest.mark.parametrize("limit", [10**9, 0, 100])
def test_spool(limit, random):
    batches = [random.integers(0, 255, size=(n, 3, 2), dtype="uint8") for n in (5, 0, 20, 1)]
    joined = spool(iter(batches), limit)
    assert isinstance(joined, Rows) == (limit < 156)
    assert (joined.shape, joined.dtype) == ((26, 3, 2), np.uint8)
    np.testing.assert_array_equal(np.asarray(joined), np.concatenate(batches))


def test_spool_refuses_other_shapes_and_nothing():
    with pytest.raises(ValueError, match=r"one shape. Received: \(2,\), and \(3,\) from sample 4"):
        spool([np.zeros((4, 2)), np.zeros((1, 3))])
    with pytest.raises(ValueError, match="at least one sample. Received: none"):
        spool([])


def test_spool_on_a_full_disk(monkeypatch):
    class Full:
        def write(self, data):
            raise OSError(errno.ENOSPC, "No space left on device")

        def close(self):
            pass

    monkeypatch.setattr(tempfile, "TemporaryFile", Full)
    with pytest.raises(OSError, match="No space left on device while .* TMPDIR chooses another"):
        spool([np.zeros((4, 2))], limit=0)
