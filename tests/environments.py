"""Virtual environments of packages that cannot be installed beside the package's own.

`.ci/run` makes one for each file of `.ci/environments`, below the folder that
`KERASOCC_ENVIRONMENTS` names; where there is none its tests are skipped.
"""

import os
from pathlib import Path

import pytest


def python_of(name):
    """The interpreter of an environment, or the test is skipped."""
    folder = os.environ.get("KERASOCC_ENVIRONMENTS")
    if not folder:
        pytest.skip(f"KERASOCC_ENVIRONMENTS names no folder with the environment {name}")
    python = Path(folder) / name / "bin" / "python"
    if not python.exists():
        pytest.skip(f"{folder} has no environment {name}: it could not be installed")
    return str(python)
