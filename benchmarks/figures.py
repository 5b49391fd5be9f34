"""Write the figures of `benchmarks/results` into the READMEs, between markers.

    python -m benchmarks.figures            # write
    python -m benchmarks.figures --check    # say what is out of date, and exit with 1

A folder of `benchmarks/results` is what `kerasocc reproduce PAPER TABLE --out FOLDER` leaves; of
its files `results.json` and `table.md` are kept in the repository. Between the lines

    <!-- figures: overview -->
    <!-- end of figures -->

comes a list of all tables, between those with `figures: means FOLDER` the means of a table, and
with `figures: table FOLDER METRIC` all of its rows.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from kerasocc.experiments.papers import registry
from kerasocc.experiments.tables.cell import Cell
from kerasocc.experiments.tables.cell_store import CellStore
from kerasocc.experiments.tables.definition import TableDefinition
from kerasocc.experiments.tables.outputs import MARKDOWN_FILE
from kerasocc.experiments.tables.rendering import RANKS, duration, entry_text, text_rows
from kerasocc.experiments.tables.results_file import RESULTS_FILE, results_in
from kerasocc.experiments.tables.summary import Summary, summarize
from kerasocc.files import read_json, write_text

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "benchmarks" / "results"
FILES = (ROOT / "README.md", *sorted((ROOT / "benchmarks").glob("**/*.md")))
BLOCK = re.compile(
    r"(?P<start><!-- figures: (?P<what>[^>]*?) -->\n).*?(?P<end><!-- end of figures -->)", re.DOTALL
)


class Kept(NamedTuple):
    """A table of the repository.

    Attributes:
        folder: Where it is kept.
        table: Its definition.
        summary: Of the cells that were run.
        settings: What was run, and the command.
        cells: Their number.
    """

    folder: Path
    table: TableDefinition
    summary: Summary
    settings: str
    cells: int


def read_kept(folder: Path) -> Kept:
    """Read a folder.

    Raises:
        ValueError: If its file is damaged, or of a table that does not exist.
    """
    file = folder / RESULTS_FILE
    entries, content = results_in(file), read_json(file)
    named = (content.get("paper"), content.get("table"))
    table = next((t for t in registry.tables() if (t.paper, t.name) == named), None)
    if table is None:
        raise ValueError(f"{file} must be of a table of `kerasocc reproduce`. Received: {named}")
    cells = [_cell(entry) for entry in entries]
    summary = summarize(table, cells, CellStore(folder))
    return Kept(folder, table, summary, content.get("settings", ""), len(cells))


def _cell(entry: dict) -> Cell:
    configuration = entry["configuration"]
    seed = configuration.get("seed", configuration.get("settings", {}).get("seed", 0))
    return Cell(entry["row"], entry["column"], configuration, seed=seed)


def overview(results: Path, file: Path) -> Iterator[str]:
    """A line per table: what was run, its means beside the published ones, and a link."""
    yield "| table | means over the rows, first metric | rows, trainings, time | what was run |"
    yield "|---|---|---|---|"
    for folder in sorted(path.parent for path in results.glob(f"*/{RESULTS_FILE}")):
        kept = read_kept(folder)
        link = f"[{kept.table.title}]({_relative(folder / MARKDOWN_FILE, file)})"
        run = f"{len(kept.summary.rows)}, {kept.cells}, {duration(kept.summary.seconds)}"
        yield f"| {link} | {_means_in_words(kept)} | {run} | {kept.settings} |"


def _relative(path: Path, file: Path) -> str:
    return path.relative_to(file.parent).as_posix()


def _means_in_words(kept: Kept) -> str:
    metric = kept.table.metrics[0]
    found = []
    for column in kept.summary.columns:
        entry = kept.summary.means.get((metric.name, column))
        if entry is None and len(kept.summary.rows) == 1:
            entry = kept.summary.entries.get((metric.name, kept.summary.rows[0], column))
        if entry is not None and entry.values:
            found.append(f"{_named(column, kept, metric.name)} {entry_text(entry, metric)}")
    return f"{metric.title}: {'; '.join(found)}" if found else "see the table"


def _named(column: str, kept: Kept, metric: str) -> str:
    """The name of a column, with the number of rows of its mean where some are missing."""
    rows = kept.summary.compared.get((metric, column), len(kept.summary.rows))
    return column if rows == len(kept.summary.rows) else f"{column} [rows: {rows}]"


def means(results: Path, folder: str) -> Iterator[str]:
    """The means of a table, a row per column of it."""
    kept = read_kept(results / folder)
    metrics, summary = kept.table.metrics, kept.summary
    heads = [metric.title for metric in metrics]
    ranks = [f"{RANKS}, {metric.title}" for metric in metrics[:1] if summary.ranks]
    yield f"| | {' | '.join([*heads, *ranks])} |"
    yield "|---" * (1 + len(heads) + len(ranks)) + "|"
    for column in summary.columns:
        cells = [entry_text(summary.means.get((m.name, column)), m) for m in metrics]
        if ranks:
            rank = summary.ranks.get((metrics[0].name, column))
            cells.append("" if rank is None else f"{rank:.2f}")
        yield f"| {_named(column, kept, metrics[0].name)} | {' | '.join(cells)} |"
    yield ""
    ranked = f" Mean ranks over {summary.ranked[metrics[0].name]} rows." if ranks else ""
    time = f"{duration(summary.seconds)} for {kept.cells} trainings"
    yield f"{len(summary.rows)} rows.{ranked} {kept.settings} {time}."


def rows(results: Path, folder: str, metric: str) -> Iterator[str]:
    """All rows of a table for a metric."""
    kept = read_kept(results / folder)
    found = next((m for m in kept.table.metrics if m.name == metric), None)
    if found is None:
        names = [m.name for m in kept.table.metrics]
        raise ValueError(f"the metric of {folder} must be one of {names}. Received: {metric!r}")
    head, *others = text_rows(kept.table, kept.summary, found)
    yield f"| {' | '.join(head)} |"
    yield "|---" * len(head) + "|"
    yield from (f"| {' | '.join(row)} |" for row in others)


def with_figures(text: str, file: Path, results: Path = RESULTS) -> str:
    """A text whose blocks hold what is in the results.

    Args:
        text: Of `file`.
        file: Which links are relative to.
        results: The folder of the tables.

    Raises:
        ValueError: For a block of something else.
    """
    kinds: dict[str, Callable[..., Iterator[str]]] = {
        "overview": lambda: overview(results, file),
        "means": lambda folder: means(results, folder),
        "table": lambda folder, metric: rows(results, folder, metric),
    }

    def filled(block: re.Match) -> str:
        kind, *arguments = block["what"].split()
        try:
            lines = list(kinds[kind](*arguments))
        except (KeyError, TypeError) as error:
            raise ValueError(
                f"{file.name}: a block must be `overview`, `means FOLDER` or `table FOLDER "
                f"METRIC`. Received: {block['what']!r}"
            ) from error
        return f"{block['start']}{chr(10).join(lines)}\n{block['end']}"

    return BLOCK.sub(filled, text)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="change nothing")
    check = parser.parse_args(arguments).check
    stale = []
    for file in FILES:
        text = file.read_text(encoding="utf-8")
        new = with_figures(text, file)
        if new == text:
            continue
        stale.append(file.relative_to(ROOT).as_posix())
        if not check:
            write_text(file, new)
    if check and stale:
        print(f"Out of date: {', '.join(stale)}. Run `python -m benchmarks.figures`.")
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
