"""Type checkers see the public names, with the types of their arguments and results."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import kerasocc

STUB = Path(kerasocc.__file__).with_name("__init__.pyi")

USER_CODE = """
from pathlib import Path
from typing import Any, assert_type

import numpy as np

import kerasocc as kocc

x = np.zeros((8, 4), "float32")
model = kocc.DeepSVDD(kocc.networks.mlp([4, 8, 4]), objective="soft-boundary", nu=0.1, seed=0)
assert_type(model, kocc.DeepSVDD)
assert_type(model.score(x), np.ndarray[tuple[Any, ...], np.dtype[Any]])
assert_type(model.is_anomaly(x), np.ndarray[tuple[Any, ...], np.dtype[Any]])
assert_type(kocc.export(model, "folder").path, Path)
data = kocc.datasets.one_vs_rest("digits", normal_class=0)
assert_type(data, kocc.datasets.OneClassDataset)
kocc.callbacks.LatentLabels(mode="soft", contamination=0.1)
"""
MISTAKES = {
    "kocc.DeepSVDD(None, radius=1)": 'Unexpected keyword argument "radius"',
    'kocc.DeepSVDD(None, nu="0.1")': 'Argument "nu" to "DeepSVDD" has incompatible type "str"',
    "kocc.DeepSVD(None)": 'has no attribute "DeepSVD"; maybe "DeepSVDD"',
    "model.calibrate(x, fpr=None, rate=1)": 'Unexpected keyword argument "rate"',
}


def test_the_stub_has_the_names_of_the_package():
    homes, packages = {}, set()
    for node in ast.parse(STUB.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ImportFrom):
            for alias in node.names:
                assert alias.asname == alias.name  # else it counts as private
                if node.module == "kerasocc":
                    packages.add(alias.name)
                else:
                    homes[alias.name] = node.module
    assert homes == kerasocc._HOMES
    assert packages == set(kerasocc._SUBPACKAGES)
    assert STUB.with_name("py.typed").exists()


@pytest.mark.slow
def test_a_type_checker_knows_the_public_names(tmp_path):
    pytest.importorskip("mypy", reason="mypy is not installed")
    file = tmp_path / "user_code.py"
    file.write_text(USER_CODE + "\n".join(MISTAKES))
    options = ["--ignore-missing-imports", "--follow-imports", "silent", "--cache-dir", tmp_path]
    run = subprocess.run(
        [sys.executable, "-m", "mypy", *options, file],
        cwd=STUB.parents[1],
        capture_output=True,
        text=True,
    )
    errors = [line for line in run.stdout.splitlines() if ": error: " in line]
    first = len(USER_CODE.splitlines()) + 1
    assert len(errors) == len(MISTAKES), run.stdout
    for number, (error, expected) in enumerate(zip(errors, MISTAKES.values(), strict=True)):
        assert f"user_code.py:{first + number}: error: " in error and expected in error
