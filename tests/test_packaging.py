"""What is built and shipped: the wheel, the Dockerfiles, the citation."""

import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import kerasocc
from tests.environments import python_of

ROOT = Path(__file__).parents[1]


@pytest.mark.slow
def test_the_wheel_works_without_a_clone(tmp_path):
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]
    subprocess.run([*pip, "wheel", "--no-deps", "-w", tmp_path, ROOT], check=True)
    (wheel,) = tmp_path.glob("kerasocc-*.whl")
    assert f"-{kerasocc.__version__}-" in wheel.name
    names = zipfile.ZipFile(wheel).namelist()
    assert {"kerasocc/py.typed", "kerasocc/__init__.pyi", "kerasocc/cli/train.py"} <= set(names)
    assert {name.split("/")[0].split("-")[0] for name in names} == {"kerasocc"}
    shipped = {name for name in names if name.endswith(".py")}
    source = (ROOT / "kerasocc").rglob("*.py")
    assert shipped == {path.relative_to(ROOT).as_posix() for path in source}

    site = tmp_path / "site"
    subprocess.run([*pip, "install", "--no-deps", "--target", site, wheel], check=True)
    command = [sys.executable, "-m", "kerasocc", "train", "--method", "nearest-neighbors"]
    run = subprocess.run(
        command,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(site)},
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0 and "AUC" in run.stdout, run.stderr[-2000:]


@pytest.mark.parametrize("name", ["train", "serve"])
def test_what_the_dockerfiles_copy_is_there(name):
    text = (ROOT / "docker" / f"{name}.Dockerfile").read_text("utf-8")
    ignored = (ROOT / ".dockerignore").read_text("utf-8").split()
    copied = re.findall(r"^COPY (.*) \S+$", text, re.MULTILINE)
    assert copied
    for path in " ".join(copied).split():
        assert (ROOT / path).exists() and f"!{path}" in ignored, path


@pytest.mark.slow
def test_the_dockerfiles_pass_the_linter():
    linter = Path(python_of("docker")).with_name("hadolint")
    files = sorted((ROOT / "docker").glob("*.Dockerfile"))
    assert len(files) == 2
    run = subprocess.run([linter, *files], capture_output=True, text=True)
    assert run.returncode == 0, run.stdout


def test_the_citation_is_of_this_version():
    text = (ROOT / "CITATION.cff").read_text("utf-8")
    assert f"\nversion: {kerasocc.__version__}\n" in text
    changes = (ROOT / "CHANGELOG.md").read_text("utf-8")
    assert f"## [{kerasocc.__version__}]" in changes
