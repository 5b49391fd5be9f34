"""Code that runs in a process of its own, on another backend of Keras."""

import importlib.util
import os
import subprocess
import sys

import pytest


def run_on(backend, code, *arguments):
    """Run Python code on a backend and return what it prints.

    The test is skipped where the backend is not installed.
    """
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed")
    run = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code, *arguments],
        env={**os.environ, "KERAS_BACKEND": backend},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert run.returncode == 0, run.stderr[-3000:]
    return run.stdout
