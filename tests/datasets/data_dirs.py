"""Where the real data of the tests are, if they are there."""

import os
from pathlib import Path

import pytest

_SHARED = Path(__file__).parents[3] / "shared" / "data"
KERASOCC_DATA = Path(os.environ.get("KERASOCC_DATA_DIR", _SHARED))
TFDS_DATA = Path(os.environ.get("TFDS_DATA_DIR", _SHARED / "tfds"))


def needs_folder(name, root=KERASOCC_DATA, variable="KERASOCC_DATA_DIR"):
    """Skip a test without the folder `name` below `root`."""
    return pytest.mark.skipif(
        not (root / name).exists(),
        reason=f"there is no {name!r} in {root}; set {variable} to a folder that has it",
    )
