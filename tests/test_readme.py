"""The README does what it says."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

README = Path(__file__).parent.parent / "README.md"


@pytest.fixture
def readme():
    return README.read_text(encoding="utf-8")


def test_first_screen_has_two_commands(readme):
    blocks = re.findall(r"^```\n(.*?)^```", readme, re.MULTILINE | re.DOTALL)
    assert [block.strip() for block in blocks[:2]] == [
        "python -m pip install . && kerasocc train",
        'python -m pip install -e ".[test]" && python -m pytest',
    ]


def blocks_of(readme):
    return re.findall(r"^```python\n(.*?)^```", readme, re.MULTILINE | re.DOTALL)


def test_examples_run(readme, tmp_path):
    first, *_, second = blocks_of(readme)
    assert len(first.splitlines()) <= 15
    # The second goes on with the imports of the first.
    code = f"{first}\nprint('second')\n{second}"
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=300
    )
    assert run.returncode == 0, run.stderr[-2000:]
    before, after = run.stdout.split("\nsecond\n")
    assert "True" in before.splitlines()[-1]
    assert "Epoch 30/30" in after and "regularization_weight" in after
    assert float(re.findall(r"val_auc: ([\d.]+)", before)[-1]) > 0.95
    assert [p.name for p in tmp_path.iterdir()] == ["digits.keras"]


@pytest.mark.parametrize(
    ("imported", "pattern", "least"),
    [
        ("DeepSVDDDetector", r"^([\d.]+)$", 0.5),  # the share that is found
        ("PyODAdapter", r"([\d.]+)\]\]$", 0.0),  # a probability
        ("kocc.OCNN", r"'auc': ([\d.]+)", 0.9),
    ],
)
def test_examples_for_users_of_other_packages_run_as_they_stand(
    readme, imported, pattern, least, tmp_path, monkeypatch, capsys
):
    (block,) = (block for block in blocks_of(readme) if imported in block)
    monkeypatch.chdir(tmp_path)
    exec(compile(block, "README.md", "exec"), {"__name__": "example"})
    last = capsys.readouterr().out.splitlines()[-1]
    assert float(re.search(pattern, last)[1]) > least


def test_pictures_and_links_exist(readme):
    for target in re.findall(r"\]\(([^)#:]+)\)", readme):
        assert (README.parent / target).exists(), target
