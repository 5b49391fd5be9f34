"""Three walks of a new user, `docs/walks.md`: `python -m tests.walks` goes them and writes it.

The commands run in a temporary folder, on data that `tests.walk_data` makes from seeds.
`tests/test_walks.py` goes the same walks and looks at what comes out.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from tests import walk_data

ROOT = Path(__file__).parent.parent
FILE = ROOT / "docs" / "walks.md"
HOME = "/home/you"
"""What stands for the temporary folder in the transcripts."""

INTRODUCTION = """# Three walks

What a new user types and sees, from a clone of the repository after `python -m pip install .`. The
data are small and made from seeds: `python -m tests.walks` makes them, runs the commands and
writes this page, and a test goes the same walks. Times and last digits differ between machines.
"""


class Step(NamedTuple):
    """A command, and what is said before it.

    Attributes:
        text: Markdown.
        command: For the shell.
        fails: Whether the command is to be refused.
    """

    text: str
    command: str
    fails: bool = False


class Walk(NamedTuple):
    """Commands that follow each other.

    Attributes:
        title: Heading.
        make: Makes the data in a folder.
        steps: The commands.
        end: What is said last.
    """

    title: str
    make: Callable[[Path], None]
    steps: tuple[Step, ...]
    end: str


WALKS = {
    "orders": Walk(
        "A table of normal rows with text and dates",
        walk_data.make_orders,
        (
            Step(
                "The table has orders that went well, and no labels. The first column has ids:",
                "head -n 4 orders.csv",
            ),
            Step(
                "Nothing needs to be said but which column is an id. Dates, text and numbers "
                "become features, part of the rows is held out to set the threshold, and another "
                "part to see how many of them are flagged:",
                "kerasocc train --dataset orders.csv --id order",
            ),
            Step(
                "New orders are scored as they are. The largest scores are the least normal:",
                "kerasocc score new_orders.csv",
            ),
        ),
        "`A2002` comes from a country that the training has never seen, `A2005` was placed on a "
        "Saturday at 3 in the morning with 61 items, and `A2008` costs next to nothing.",
    ),
    "photos": Walk(
        "A flat folder of good photos, and three bad ones",
        walk_data.make_photos,
        (
            Step("All photos are good ones:", "ls photos | head -n 3"),
            Step(
                "They become images of 32 pixels unless `--image-size` asks for others:",
                "kerasocc train --dataset photos",
            ),
            Step(
                "Of six new photos the second has a notch, the fourth a scratch and the fifth a "
                "stain:",
                "kerasocc score new_photos",
            ),
        ),
        "The report in `runs/photos-auto/report.html` shows the photos with the smallest and the "
        "largest scores.",
    ),
    "machines": Walk(
        "A table with labels and semicolons",
        walk_data.make_machines,
        (
            Step(
                "Cells are separated by semicolons and numbers have a decimal comma, as many "
                "programs write them. The last column says which machines were faulty:",
                "head -n 4 machines.csv",
            ),
            Step(
                "The column is not called like labels, so that it has to be named; it is not "
                "trained on by mistake:",
                "kerasocc train --dataset machines.csv",
                fails=True,
            ),
            Step(
                "With labels the normal rows of a part are trained on, and the report has the AUC:",
                "kerasocc train --dataset machines.csv --label condition --normal-class ok",
            ),
            Step("Rows of the next month, which have labels too:", "kerasocc evaluate june.csv"),
            Step(
                "Fewer false alarms need no new training:",
                "kerasocc calibrate --fpr 0.02",
            ),
            Step(
                "Rows that come from another program, with commas and points, and without labels:",
                "tr ',;' '.,' < june.csv | cut -d , -f 1-5 > july.csv && head -n 2 july.csv && "
                "kerasocc score july.csv --output scores.csv && head -n 4 scores.csv",
            ),
            Step("A model for serving:", "kerasocc export served/1"),
        ),
        "[Tables](tables.md) says how tables are read, and the [README](../README.md) has the "
        "other commands.",
    ),
}


def go(walk: Walk, folder: Path) -> Iterator[tuple[Step, str]]:
    """Make the data of a walk in a folder, and run its commands there.

    Yields:
        Every step with what it has printed.
    """
    walk.make(folder)
    for step in walk.steps:
        yield step, _run(step, folder)


def _run(step: Step, folder: Path) -> str:
    # As for a new user, who has set nothing.
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("TF_", "KERASOCC_"))}
    environment["PYTHONPATH"] = str(ROOT)
    script = f'kerasocc() {{ "{sys.executable}" -m kerasocc "$@"; }}\n{step.command}'
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=folder,
        env=environment,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    if done.returncode != (2 if step.fails else 0):
        raise RuntimeError(f"{step.command} ended with {done.returncode}: {done.stdout}")
    return done.stdout


def page() -> str:
    """The transcripts as Markdown."""
    parts = [INTRODUCTION]
    for walk in WALKS.values():
        parts.append(f"## {walk.title}\n")
        with tempfile.TemporaryDirectory() as folder:
            for step, output in go(walk, Path(folder)):
                shown = re.sub(rf"(/private)?{re.escape(folder)}", HOME, output).rstrip()
                parts.append(f"{step.text}\n")
                parts.append(f"```console\n$ {step.command}\n{shown}\n```\n")
        parts.append(f"{walk.end}\n")
    return "\n".join(parts)


if __name__ == "__main__":
    FILE.write_text(page(), encoding="utf-8")
