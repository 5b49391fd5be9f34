"""The code of the documentation runs."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

DOCS = Path(__file__).parents[2] / "docs"


class Part(NamedTuple):
    """Blocks of a page that run one after the other.

    Attributes:
        page: Its name.
        blocks: Their numbers; None for all.
        setup: Code that makes what the page takes for granted.
        environment: Variables of a process of its own.
    """

    page: str
    blocks: tuple[int, ...] | None = None
    setup: str = ""
    environment: dict[str, str] | None = None


SMALL_MODEL = """
import keras, numpy as np
import kerasocc as kocc
x = np.random.default_rng(0).normal(size=(64, 4)).astype("float32")
x_held_out = x_new = x
"""
PARTS = [
    Part("index.md"),
    Part("getting_started.md"),
    Part("thresholds.md"),
    Part("contaminated_data.md"),
    Part("collapse.md"),
    Part("explanations.md"),
    Part(
        "tables.md",
        setup="""
import kerasocc, numpy as np, pandas as pd
numbers = np.random.default_rng(0).normal(size=(60, 2))
frame = pd.DataFrame(numbers, columns=["amount", "age"]).assign(
    customer=range(60), country=["de", "fr"] * 30, fraud=[0] * 50 + [1] * 10
)
new_frame = frame.drop(columns="fraud")
""",
    ),
    Part(
        "serving.md",
        (0, 1),
        setup=SMALL_MODEL
        + """
model = kocc.DeepSVDD(kocc.networks.mlp([4, 8, 4]), seed=0)
model.compile("adam")
model.fit(x, epochs=1, verbose=0)
model.calibrate(x, contamination=0.1)
""",
        environment={},
    ),
    Part(
        "distribution.md",
        (0,),
        setup=SMALL_MODEL + "import tensorflow as tf\n",
        environment={},
    ),
    Part("distribution.md", (1,), environment={}),
    Part("reports.md", (0,), environment={}),
    Part(
        "distribution.md",
        (2,),
        setup=SMALL_MODEL + "def encoder():\n    return kocc.networks.mlp([4, 8, 4])\n",
        environment={
            "KERAS_BACKEND": "jax",
            "XLA_FLAGS": "--xla_force_host_platform_device_count=2",
        },
    ),
]
ELSEWHERE = {
    "batch_scoring.md": "experiments/runs/test_batch_scorer.py",
    "reports.md": "callbacks/test_mlflow.py",
    "write_your_own_method.md": "test_own_method.py",
    "serving.md": "serving/test_client.py",
    "scikit_learn.md": "estimators/test_docs.py",
}
"""Which tests run blocks that are not in `PARTS`: they need Ray, Beam or a server, or are looked
at by what they define."""


def blocks_of(page: str) -> list[str]:
    text = (DOCS / page).read_text(encoding="utf-8")
    return re.findall(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def code_of(part: Part) -> str:
    blocks = blocks_of(part.page)
    numbers = range(len(blocks)) if part.blocks is None else part.blocks
    return "\n".join([part.setup, *(blocks[number] for number in numbers)])


def name_of(part: Part) -> str:
    return f"{part.page}-{'-'.join(map(str, part.blocks or ()))}"


QUICK = ("index.md", "tables.md")


@pytest.mark.parametrize(
    "part",
    [
        pytest.param(part, marks=() if part.page in QUICK else pytest.mark.slow)
        for part in PARTS
        if part.environment is None
    ],
    ids=name_of,
)
def test_code_runs(part, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    exec(compile(code_of(part), part.page, "exec"), {"__name__": "docs"})


@pytest.mark.slow
@pytest.mark.parametrize("part", [p for p in PARTS if p.environment is not None], ids=name_of)
def test_code_runs_in_a_process_of_its_own(part, tmp_path):
    environment = {**os.environ, "PYTHONPATH": str(DOCS.parent), **part.environment}
    run = subprocess.run(
        [sys.executable, "-c", code_of(part)],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr[-2000:]


def test_no_block_is_left_out():
    for page in sorted(path.name for path in DOCS.glob("*.md")):
        numbers = set(range(len(blocks_of(page))))
        for part in PARTS:
            if part.page == page:
                numbers -= numbers if part.blocks is None else set(part.blocks)
        if numbers:
            assert page in ELSEWHERE, (page, numbers)
            assert (Path(__file__).parents[1] / ELSEWHERE[page]).exists()
