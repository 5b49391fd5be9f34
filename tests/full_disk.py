"""A disk that takes no more, for tests: the system itself refuses to write."""

import contextlib

import pytest


@contextlib.contextmanager
def largest_file(size):
    """No file may grow beyond a number of bytes."""
    resource = pytest.importorskip("resource", reason="the system has no limit of this kind")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
