"""`python -m benchmarks.detection`: do what is not done yet, then print and write the tables."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from benchmarks.detection.cells import DONE, Cell, claimed
from benchmarks.detection.ours import LEFT_OUT, make_config, settings_of, variant_of
from benchmarks.detection.peers import PEERS
from benchmarks.detection.problems import (
    HALVES,
    KINDS,
    SPLITS,
    TABLES,
    Division,
    Problem,
    find_problems,
)
from benchmarks.detection.report import draw, markdown
from benchmarks.detection.summary import CellResults, summarize
from benchmarks.detection.worker import Worker
from kerasocc.experiments.methods import METHODS
from kerasocc.experiments.tables.cell_store import CellStore

SHARED = Path(__file__).resolve().parents[2].parent / "shared" / "data"
OURS = [name for name in METHODS if name not in LEFT_OUT]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command.

    Args:
        arguments: Of the command line; None for those of the process.
    """
    try:
        return _run(_parse(arguments))
    except ValueError as error:
        sys.exit(str(error))


def _run(options: argparse.Namespace) -> int:
    data_dir = Path(os.environ.get("KERASOCC_DATA_DIR") or SHARED)
    tfds_dir = Path(os.environ.get("TFDS_DATA_DIR") or SHARED / "tfds")
    problems = _problems(options, data_dir, tfds_dir)
    detectors = _detectors(options)
    cells = list(_cells(options, problems, detectors))
    results = CellStore(options.out)
    if not options.report:
        _do(cells, results, tfds_dir, options.again)
    _report(options, problems, detectors, cells, results)
    return 0


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.detection",
        description="Compare detectors on tables, features and images.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add = parser.add_argument
    add("--out", type=Path, default=Path("runs/detection"), help="folder of the results")
    add("--detectors", nargs="+", default=[*OURS, *PEERS], metavar="NAME", help=_DETECTORS)
    add("--kinds", nargs="+", choices=KINDS, default=list(KINDS), help="kinds of data")
    add("--half", nargs="+", choices=HALVES, default=list(HALVES), help="which data sets")
    add("--only", nargs="+", metavar="NAME", help="names of data sets, else all")
    add("--split", choices=SPLITS, default=SPLITS[0], help="how normal rows are divided")
    add("--split-seed", type=int, nargs="+", default=[0], help="seeds of the split")
    add("--seeds", type=int, nargs="+", default=[0], help="seeds of the detectors")
    add("--max-rows", type=int, default=10_000, help="training rows at most, alike for all")
    add("--held-out", type=float, default=0.2, help="part of them that sets the threshold")
    add("--rate", type=float, default=0.05, help="wanted false positive rate")
    add("--limit", type=float, default=300.0, help="seconds per fit")
    add("--again", action="store_true", help="repeat what timed out or failed")
    add("--report", action="store_true", help="only print and write what is there")
    return parser.parse_args(arguments)


_DETECTORS = (
    f"methods of kerasocc ({', '.join(OURS)}), some settings changed as in "
    f"deep-svdd:steps=100,hidden=32+16, and peers ({', '.join(PEERS)}); all unless given"
)


def _problems(options: argparse.Namespace, data_dir: Path, tfds_dir: Path) -> list[Problem]:
    found = [
        problem
        for problem in find_problems(data_dir, tfds_dir)
        if problem.kind in options.kinds
        and problem.half in options.half
        and (options.only is None or problem.name in options.only)
    ]
    if not found:
        raise ValueError(f"There are no such data sets in {data_dir} and {tfds_dir}.")
    return found


def _detectors(options: argparse.Namespace) -> list[str]:
    """The detectors that can be run here; says which cannot, and why."""
    chosen = []
    for name in options.detectors:
        reason = PEERS[name].why_not() if name in PEERS else None
        if name not in PEERS:
            variant_of(name)
        if reason is None:
            chosen.append(name)
        else:
            print(f"{name} is left out: {reason}", file=sys.stderr)
    return chosen


def _cells(
    options: argparse.Namespace, problems: Sequence[Problem], detectors: Sequence[str]
) -> Iterator[Cell]:
    """All cells, those of one problem and split together: its data are read once."""
    for problem in problems:
        for split_seed in options.split_seed:
            division = Division(options.split, split_seed, options.max_rows, options.held_out)
            for detector in detectors:
                for seed in _seeds(detector, options.seeds):
                    settings = _settings(detector, problem, seed)
                    limits = (options.rate, options.limit)
                    yield Cell(problem, division, detector, settings, seed, *limits)


def _seeds(detector: str, seeds: Sequence[int]) -> Sequence[int]:
    """One seed for the peers that draw nothing, and for the slow ones."""
    return seeds[:1] if detector in PEERS and not PEERS[detector].seeds else seeds


def _settings(detector: str, problem: Problem, seed: int) -> dict[str, Any]:
    if detector in PEERS:
        return PEERS[detector].settings()
    return settings_of(make_config(detector, problem, seed), problem)


def _do(cells: Sequence[Cell], results: CellStore, tfds_dir: Path, again: bool) -> None:
    worker = Worker(tfds_dir)
    try:
        for number, cell in enumerate(cells, 1):
            with claimed(results, cell, again=again) as is_mine:
                if not is_mine:
                    continue
                result = worker.run(cell)
                results.write(cell, result)
            auc = f"{100 * result['auc']:.1f}" if result["status"] == DONE else result
            place = f"{cell.problem.name} {cell.detector} {cell.division.seed} {cell.seed}"
            print(f"{number}/{len(cells)} {place}: {auc}", file=sys.stderr, flush=True)
    finally:
        worker.close()


def _report(
    options: argparse.Namespace,
    problems: Sequence[Problem],
    detectors: Sequence[str],
    cells: Sequence[Cell],
    results: CellStore,
) -> None:
    found: dict[tuple[str, str], list] = {}
    for cell in cells:
        result = results.read(cell)
        if result is not None:
            entry = {**result, "split_seed": cell.division.seed}
            found.setdefault((cell.problem.name, cell.detector), []).append(entry)
    groups: dict[tuple[str, str], list[str]] = {}
    for problem in problems:
        groups.setdefault((problem.kind, problem.half), []).append(problem.name)
    texts = [
        _group(options.out, *group, names, detectors, found)
        for group, names in sorted(groups.items(), key=lambda item: KINDS.index(item[0][0]))
    ]
    text = "\n".join(texts)
    (options.out / "report.md").write_text(text, encoding="utf-8")
    print(text)


def _group(
    out: Path,
    kind: str,
    half: str,
    problems: Sequence[str],
    detectors: Sequence[str],
    results: CellResults,
) -> str:
    titles = {name: METHODS[name].title for name in OURS} | {n: p.title for n, p in PEERS.items()}
    title = f"{kind}, {half} half" if kind == TABLES else kind
    summary = summarize(results, problems, detectors, list(PEERS))
    if len(summary.lines) > 1 and len(summary.problems) > 1:
        draw(out / f"critical-difference-{kind}-{half}.png", title, summary, titles)
    return markdown(title, summary, titles)


if __name__ == "__main__":
    sys.exit(main())
