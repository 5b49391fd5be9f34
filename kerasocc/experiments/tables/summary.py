"""What the results of a table come to: means over classes, seeds and whatever else repeats."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

from kerasocc.experiments.tables.cell import Cell, Published
from kerasocc.experiments.tables.cell_store import FAILED, CellStore
from kerasocc.experiments.tables.definition import Metric, TableDefinition

NOT_RUN, NO_DATA, ALL_FAILED = "not run", "no data", "failed"
NO_FIGURE = "-"
"""Of a method that has no such metric."""


class Entry(NamedTuple):
    """A row and column of a table, for one metric.

    Attributes:
        values: One per cell that was run, in the units of the table.
        cells: How many cells the table has there.
        published: The paper's figure, or None.
        state: Why there is no value, or None.
        classes: How many normal classes were run, of how many in the table.
    """

    values: tuple[float, ...]
    cells: int
    published: Published | None = None
    state: str | None = None
    classes: tuple[int, int] = (1, 1)

    @property
    def is_whole(self) -> bool:
        """Whether every normal class was run: a mean over some is no mean over all."""
        return self.classes[0] == self.classes[1]

    @property
    def mean(self) -> float | None:
        """Mean of the values."""
        return statistics.fmean(self.values) if self.values else None

    @property
    def deviation(self) -> float | None:
        """Standard deviation of the values, None for a single one."""
        return statistics.stdev(self.values) if len(self.values) > 1 else None

    @property
    def difference(self) -> float | None:
        """Ours minus the paper's, of the same classes."""
        if self.published is None or not self.values or not self.is_whole:
            return None
        return self.mean - self.published.value


class Summary(NamedTuple):
    """A table as it is shown.

    Attributes:
        rows: Names of the rows.
        columns: Names of the columns.
        entries: By metric, row and column; without those that the table does not have.
        means: Entries of the row of means, by metric and column: over the rows that both we and
            the paper have where there are published figures, else over the rows that were run.
        compared: Numbers of rows in these means, by metric and column.
        ranks: Mean ranks, 1 the best, of the columns that were run, by metric and column.
        ranked: Number of rows that these are means of, those that have all of these columns, by
            metric.
        seconds: Sum over the cells that were run.
        failures: What went wrong, by the title of the cell.
    """

    rows: tuple[str, ...]
    columns: tuple[str, ...]
    entries: Mapping[tuple[str, str, str], Entry]
    means: Mapping[tuple[str, str], Entry]
    compared: Mapping[tuple[str, str], int]
    seconds: float
    failures: Mapping[str, str]
    ranks: Mapping[tuple[str, str], float] = MappingProxyType({})
    ranked: Mapping[str, int] = MappingProxyType({})


def summarize(
    table: TableDefinition,
    cells: Sequence[Cell],
    store: CellStore,
    missing: Mapping[str, str] | None = None,
) -> Summary:
    """Collect the results of a table.

    Args:
        table: The table.
        cells: All its cells, run or not.
        store: Of the results.
        missing: Why there is no result, by the key of the cell, where the data are not there.
    """
    results = {cell.key: store.read(cell) for cell in cells}
    rows = tuple(dict.fromkeys(cell.row for cell in cells))
    columns = tuple(dict.fromkeys(cell.column for cell in cells))
    entries = {}
    for row in rows:
        for column in columns:
            # Equal ones once: a seed that is given twice is one.
            own = list({c.key: c for c in cells if (c.row, c.column) == (row, column)}.values())
            for metric in table.metrics if own else ():
                published = table.published(row, column, metric.name)
                entry = _entry(own, results, metric, published, missing or {})
                entries[metric.name, row, column] = entry
    means, compared = _means(table, rows, columns, entries)
    ranks, ranked = _ranks(table, rows, columns, entries) if table.ranks else ({}, {})
    done = [result for result in results.values() if result is not None]
    titles = Counter({cell.key: cell.title for cell in cells}.values())
    failures = {
        _title(cell, titles): results[cell.key]["error"]
        for cell in cells
        if (results[cell.key] or {}).get("status") == FAILED
    }
    seconds = sum(result.get("seconds", 0.0) for result in done)
    return Summary(rows, columns, entries, means, compared, seconds, failures, ranks, ranked)


def _title(cell: Cell, titles: Mapping[str, int]) -> str:
    """Its title, with its class where other cells have the same."""
    return cell.title if titles[cell.title] == 1 else f"{cell.title}, class {cell.normal_class}"


def _entry(
    cells: Sequence[Cell],
    results: Mapping[str, Any],
    metric: Metric,
    published: Published | None,
    missing: Mapping[str, str],
) -> Entry:
    done = [(cell, result) for cell in cells if (result := results[cell.key]) is not None]
    found = ((cell, result.get("metrics", {}).get(metric.name)) for cell, result in done)
    run = [(cell, metric.scale * value) for cell, value in found if value is not None]
    state = None
    if not run:
        failed = any(result["status"] == FAILED for _, result in done)
        state = ALL_FAILED if failed else NO_FIGURE if done else NOT_RUN
        if not done and all(cell.key in missing for cell in cells):
            state = NO_DATA
    classes = len({cell.normal_class for cell, _ in run}), len({c.normal_class for c in cells})
    return Entry(tuple(value for _, value in run), len(cells), published, state, classes)


def _means(
    table: TableDefinition,
    rows: Sequence[str],
    columns: Sequence[str],
    entries: Mapping[tuple[str, str, str], Entry],
) -> tuple[dict[tuple[str, str], Entry], dict[tuple[str, str], int]]:
    means, compared = {}, {}
    if table.mean is None or len(rows) < 2:
        return means, compared
    for metric in table.metrics:
        for column in columns:
            own = [e for row in rows if (e := entries.get((metric.name, row, column))) is not None]
            run = [entry for entry in own if entry.values]
            both = [entry for entry in run if entry.published is not None]
            shown = both or run
            compared[metric.name, column] = len(shown)
            published = table.published(table.mean, column, metric.name)
            if both:
                value = _mean_of(both, lambda entry: entry.published.value)
                published = Published(value, all(entry.published.checked for entry in both))
            values = (_mean_of(shown, lambda entry: entry.mean),) if shown else ()
            state = None if shown else NOT_RUN
            means[metric.name, column] = Entry(values, len(own), published, state)
    return means, compared


def _ranks(
    table: TableDefinition,
    rows: Sequence[str],
    columns: Sequence[str],
    entries: Mapping[tuple[str, str, str], Entry],
) -> tuple[dict[tuple[str, str], float], dict[str, int]]:
    """Mean ranks over the rows that have all columns of which anything was run."""
    ranks, ranked = {}, {}
    for metric in table.metrics:
        means = {
            (row, column): entry.mean
            for row in rows
            for column in columns
            if (entry := entries.get((metric.name, row, column))) is not None and entry.values
        }
        run = [column for column in columns if any((row, column) in means for row in rows)]
        whole = [row for row in rows if all((row, column) in means for column in run)]
        ranked[metric.name] = len(whole)
        for column in run if whole and len(run) > 1 else ():
            ranks[metric.name, column] = statistics.fmean(
                _rank(means[row, column], [means[row, other] for other in run]) for row in whole
            )
    return ranks, ranked


def _rank(value: float, values: Sequence[float]) -> float:
    """1 for the largest; ties share the mean of their ranks."""
    above = sum(other > value for other in values)
    return above + (sum(other == value for other in values) + 1) / 2


def _mean_of(entries: Sequence[Entry], value: Callable[[Entry], float]) -> float:
    return statistics.fmean(value(entry) for entry in entries)
