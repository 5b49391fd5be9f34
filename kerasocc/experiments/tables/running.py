"""Running the cells of a table: by this process, or by several that share a folder."""

from __future__ import annotations

import dataclasses
import itertools
import math
import platform
import re
from collections.abc import Callable, Iterator, Sequence
from importlib import metadata
from typing import Any

from kerasocc.experiments.tables.cell import Cell
from kerasocc.experiments.tables.cell_store import DONE, FAILED
from kerasocc.experiments.tables.definition import Context, Options, Result, TableDefinition

PACKAGES = ("kerasocc", "keras", "tensorflow", "numpy", "scikit-learn")
LONGEST_NAME = 200
"""Characters of the name of a file; systems take 255 bytes."""


def select(cells: Sequence[Cell], options: Options) -> list[Cell]:
    """The cells that the user asks for; with some of the classes also those that have no class.

    Raises:
        ValueError: If a class, a method or a data set is not in the table.
    """
    chosen = list(cells)
    for argument, field in (("classes", "normal_class"), ("methods", "method"), ("data", "data")):
        wanted = getattr(options, argument)
        if wanted is None:
            continue
        values = [getattr(cell, field) for cell in cells]
        known = [str(value) for value in values if value not in (None, "")]
        if not known:
            raise ValueError(
                f"`{argument}` must be left out: this table has none. "
                f"Received: {', '.join(map(repr, wanted))}"
            )
        unknown = [value for value in wanted if str(value) not in known]
        if unknown:
            raise ValueError(
                f"`{argument}` must be among {list(dict.fromkeys(known))}. "
                f"Received: {', '.join(map(repr, unknown))}"
            )
        texts = [str(value) for value in wanted]
        if argument == "classes":
            texts.append(str(None))
        chosen = [cell for cell in chosen if str(getattr(cell, field)) in texts]
    return chosen


def check_used(table: TableDefinition, options: Options) -> None:
    """Raise `ValueError` for an option that no cell of the table depends on."""
    others: dict[str, Any] = {}
    for name in ("epochs", "pretrain_epochs"):
        if getattr(options, name) is not None:
            others[name] = getattr(options, name) + 1
    if options.hindsight:
        others["hindsight"] = False
    keys = {cell.key for cell in table.cells(options)} if others else set()
    for name, other in others.items():
        changed = dataclasses.replace(options, **{name: other})
        if {cell.key for cell in table.cells(changed)} == keys:
            raise ValueError(
                f"`{name}` must be left out: nothing in this table depends on it. "
                f"Received: {name}={getattr(options, name)!r}"
            )


def run_cells(
    table: TableDefinition,
    cells: Sequence[Cell],
    context: Context,
    echo: Callable[[str], None],
    *,
    again: bool = False,
) -> dict[str, str]:
    """Run the cells that have no result yet; returns when all have one, or cannot have one.

    What another process is working on is left to it; at the end this one waits for it.

    Args:
        table: Of the cells.
        cells: What to run.
        context: With the store of the results.
        echo: Gets a line per result.
        again: Whether to repeat those that failed.

    Returns:
        Why there is no result, by the key of the cell, where the data are not there.
    """
    groups = _groups(table, cells)
    runner = _Runner(table, context, echo)
    if again:
        runner.repeated = {cell.key for cell in cells if runner.has_failed(cell)}
    runner.total = len(runner.open(cells))
    taken = [name for name, group in groups.items() if not runner.run(name, group, wait=False)]
    for name in taken:
        runner.run(name, groups[name], wait=True)
    return runner.missing


class _Runner:
    """Runs groups of cells, and counts.

    Attributes:
        missing: See `run_cells`.
        repeated: Keys of the cells that have failed and are to be done again.
        total: Number of cells without a result at the beginning.
    """

    def __init__(self, table: TableDefinition, context: Context, echo: Callable[[str], None]):
        self.missing: dict[str, str] = {}
        self.repeated: set[str] = set()
        self.total = 0
        self._table = table
        self._context = context
        self._echo = echo
        self._number = itertools.count(1)

    def run(self, name: str, group: Sequence[Cell], *, wait: bool) -> bool:
        """Run a group; returns whether nothing of it is left to another process."""
        if not self.open(group):
            return True
        file_name = re.sub(r"[^\w.+-]", "_", name)[-LONGEST_NAME:]
        with self._context.store.claimed(file_name, wait=wait) as is_mine:
            if not is_mine:
                return False
            # What another process has done meanwhile is no longer open.
            for cell, result in self._results(self.open(group)):
                self._keep(cell, result)
        return True

    def open(self, group: Sequence[Cell]) -> list[Cell]:
        """Those without a result, equal ones once."""
        found = {}
        for cell in group:
            is_repeated = cell.key in self.repeated and self.has_failed(cell)
            if is_repeated or self._context.store.read(cell) is None:
                found.setdefault(cell.key, cell)
        return list(found.values())

    def has_failed(self, cell: Cell) -> bool:
        """Whether its result is that it has none."""
        return (self._context.store.read(cell) or {}).get("status") == FAILED

    def _results(self, todo: Sequence[Cell]) -> Iterator[tuple[Cell, Result | Exception]]:
        left = list(todo)
        while left:
            try:
                for cell, result in self._table.run(left, self._context):
                    left = [other for other in left if other.key != cell.key]
                    yield cell, result
                return
            except FileNotFoundError as error:
                # They share their data.
                yield from ((cell, error) for cell in left)
                return
            except Exception as error:
                if not left:
                    raise
                # Cells come in order: it is that of the first of those that are left.
                failed, *left = left
                yield failed, error

    def _keep(self, cell: Cell, result: Result | Exception) -> None:
        number = next(self._number)
        if isinstance(result, FileNotFoundError):
            told = _one_line(result) in self.missing.values()
            self.missing[cell.key] = _one_line(result)
            if not told:
                self._echo(f"{cell.title}: no data: {_one_line(result)}")
            return
        if isinstance(result, Exception) and not _is_of_the_cell(result):
            raise result
        error = _one_line(result) if isinstance(result, Exception) else _not_finite(result)
        if error is not None:
            kept = {"status": FAILED, "error": error}
            self._echo(f"{number}/{self.total} {cell.title}: failed: {error}")
        else:
            kept = {"status": DONE, **result}
            self._echo(f"{number}/{self.total} {cell.title}: {self._figures(cell, result)}")
        self._context.store.write(cell, {**kept, **_environment()})
        self.repeated.discard(cell.key)

    def _figures(self, cell: Cell, result: Result) -> str:
        figures = ", ".join(
            f"{metric.title} {metric.scale * result['metrics'][metric.name]:.{metric.digits + 1}f}"
            for metric in self._table.metrics
            if result["metrics"].get(metric.name) is not None
        )
        published = self._table.published(cell.row, cell.column, self._table.metrics[0].name)
        beside = "" if published is None else f" (published {published.value:g})"
        seconds = f", {result['seconds']:.0f} s" if "seconds" in result else ""
        return f"{figures}{beside}{seconds}"


def _is_of_the_cell(error: Exception) -> bool:
    """Whether it says that a cell cannot have a result; others, such as a full disk, end all."""
    if isinstance(error, ValueError | FloatingPointError):
        return True
    from kerasocc.callbacks import CollapseError

    return isinstance(error, CollapseError)


def _not_finite(result: Result) -> str | None:
    bad = {n: v for n, v in result["metrics"].items() if v is not None and not math.isfinite(v)}
    return f"metrics that are not finite: {bad}" if bad else None


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())


def _groups(table: TableDefinition, cells: Sequence[Cell]) -> dict[str, list[Cell]]:
    groups: dict[str, list[Cell]] = {}
    for cell in cells:
        groups.setdefault(table.group(cell), []).append(cell)
    return groups


def _environment() -> dict[str, Any]:
    return {"environment": {"python": platform.python_version(), **_versions()}}


def _versions() -> dict[str, str]:
    found = {}
    for name in PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found
