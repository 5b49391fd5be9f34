"""The example of `docs/reports.md` does what it says."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

PAGE = Path(__file__).parent.parent / "docs" / "reports.md"


@pytest.mark.slow
def test_the_example_of_tensorboard_runs(tmp_path):
    pytest.importorskip("tensorboard")
    first = re.findall(r"^```python\n(.*?)^```", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)[
        0
    ]
    environment = {**os.environ, "PYTHONPATH": str(PAGE.parents[1])}
    command = [sys.executable, "-W", "error::UserWarning", "-c", first]
    run = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr[-2000:]
    assert "val_auc" in run.stdout
    written = {path.parent.name for path in (tmp_path / "logs").rglob("*.tfevents.*")}
    assert written == {"digits", "train", "validation"}
