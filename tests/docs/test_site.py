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
    pages = {path.parent.name: path.read_text("utf-8") for path in tmp_path.rglob("index.html")}
    for name, home in kerasocc._HOMES.items():
        parts = home.split(".")
        page = "functions"
        if parts[1] in (*kerasocc._SUBPACKAGES, "models"):
            page = parts[1]
        assert f'<h2 id="{home}.{name}"' in pages[page], name
    for name in kerasocc._SUBPACKAGES:
        assert name in pages
    models = pages["models"]
    assert "member_scores" in models and "p_values" in models and "_names_to_learn" not in models
    assert {path.stem for path in (ROOT / "notebooks").glob("*.ipynb")} <= pages.keys()
    assert "usage: kerasocc score" in pages["command_line"]


def test_every_page_is_in_the_navigation():
    navigation = (ROOT / "mkdocs.yml").read_text(encoding="utf-8").partition("\nnav:")[2]
    pages = sorted(page.name for page in (ROOT / "docs").glob("*.md"))
    pages += [f"notebooks/{path.name}" for path in (ROOT / "notebooks").glob("*.ipynb")]
    assert len(pages) > 10
    assert [page for page in pages if f" {page}\n" not in navigation] == []
