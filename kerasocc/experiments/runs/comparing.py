"""Finished runs, read to be compared."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from kerasocc.experiments.config import TrainConfig
from kerasocc.experiments.reports.comparison import ComparedRun, comparison_page
from kerasocc.experiments.reports.scored_samples import read_rows, samples_from
from kerasocc.experiments.runs.folder import COMPLETE, RunFolder
from kerasocc.files import write_text

FILE = "comparison.html"
"""Its name in the folder of all runs."""


def compare(
    names: Sequence[str], out: str | os.PathLike, output: str | os.PathLike | None = None
) -> tuple[Path, list[ComparedRun]]:
    """Write a page that compares runs.

    Args:
        names: Of runs in `out`, or their folders; empty for all that are complete.
        out: The folder of all runs.
        output: The page; None for `FILE` in `out`.

    Returns:
        The page, and the runs in the order in which they were given.

    Raises:
        ValueError: If a run is not complete or its files are broken, or there is none.
        FileNotFoundError: If there is no such run.
    """
    paths = dict.fromkeys(_path(name, Path(out)) for name in names)
    folders = [RunFolder(path) for path in paths] or _complete(Path(out))
    runs = [_read(folder) for folder in folders]
    page = Path(out) / FILE if output is None else Path(output)
    write_text(page, comparison_page(runs))
    return page, runs


def _path(name: str, out: Path) -> Path:
    for path in (Path(name), out / name):
        if RunFolder(path).results_file.exists():
            return path.resolve()
    raise FileNotFoundError(f"There is no run {str(out / name)!r} to compare.")


def _complete(out: Path) -> list[RunFolder]:
    folders = [RunFolder(file.parent) for file in sorted(out.glob("[!.]*/results.json"))]
    found = [folder for folder in folders if folder.results["status"] == COMPLETE]
    if not found:
        raise FileNotFoundError(f"There is no complete run in {str(out)!r} to compare.")
    return found


def _read(folder: RunFolder) -> ComparedRun:
    folder.finish_replacement()
    results = folder.results
    if results["status"] != COMPLETE:
        raise ValueError(
            f"The run {str(folder.path)!r} must be complete to be compared. Received: status "
            f"{results['status']!r}"
        )
    samples = results["normal"] + results["anomalous"]
    tested = samples_from(*read_rows(folder.path / "scores.csv", samples))
    return ComparedRun(folder.name, results, TrainConfig.read(folder.config_file), tested)
