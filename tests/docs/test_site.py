"""The documentation site builds without a warning, and has every public name."""

import os
import subprocess
from pathlib import Path

import pytest

import kerasocc
from tests.environments import python_of

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
def test_the_site_builds_without_warnings(tmp_path):
    command = [python_of("docs"), "-m", "mkdocs", "build", "--strict", "--site-dir", tmp_path]
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    run = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr[-3000:]
    pages = [tmp_path / "reference" / name / "index.html" for name in ("models", "functions")]
    reference = "".join(page.read_text(encoding="utf-8") for page in pages)
    names = set(kerasocc.__all__) - {"__version__", "CollapseError", *kerasocc._SUBPACKAGES}
    assert len(names) > 10
    missing = [name for name in names if f"kerasocc.{name}</" not in reference.replace("\n", "")]
    assert not missing
    errors = (tmp_path / "reference" / "callbacks" / "index.html").read_text("utf-8")
    assert "kerasocc.callbacks.CollapseError</" in errors.replace("\n", "")
    for name in kerasocc._SUBPACKAGES:
        assert (tmp_path / "reference" / name / "index.html").exists(), name
    models = pages[0].read_text(encoding="utf-8")
    assert "member_scores" in models and "p_values" in models and "_apply" not in models
    for notebook in (ROOT / "notebooks").glob("*.ipynb"):
        assert (tmp_path / "notebooks" / notebook.stem / "index.html").exists()
    commands = (tmp_path / "reference" / "command_line" / "index.html").read_text("utf-8")
    assert "usage: kerasocc score" in commands


def test_every_page_is_in_the_navigation():
    navigation = (ROOT / "mkdocs.yml").read_text(encoding="utf-8").partition("\nnav:")[2]
    pages = sorted(page.name for page in (ROOT / "docs").glob("*.md"))
    pages += [f"notebooks/{path.name}" for path in (ROOT / "notebooks").glob("*.ipynb")]
    assert len(pages) > 10
    assert [page for page in pages if f" {page}\n" not in navigation] == []
