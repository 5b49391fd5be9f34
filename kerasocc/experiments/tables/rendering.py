"""A table in the terminal, as Markdown and as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from kerasocc.experiments.tables.definition import Metric, TableDefinition
from kerasocc.experiments.tables.summary import Entry, Summary

LEGEND = (
    "In parentheses the published figure and ours minus it; a published one with ~ is recalled, "
    "not checked against the paper."
)

SOME_CLASSES = (
    "Means over some of the classes stand without a difference: the published figures are means "
    "over all."
)
DEVIATION = "Behind ± stands the standard deviation of the runs of a cell."
RANKS = "mean rank"
_SHOWN = 5
"""Cells that a remark names at most."""


def entry_text(entry: Entry | None, metric: Metric) -> str:
    """`97.2 ±0.4 (98.0 -0.8)`; empty where the table has no such cell.

    Of some of the classes beside a published mean over all: `97.2 [1 of 10 classes] (98.0)`.
    """
    if entry is None:
        return ""
    digits = metric.digits
    text = entry.state or f"{entry.mean:.{digits}f}"
    if entry.deviation is not None:
        text += f" ±{entry.deviation:.{digits}f}"
    if entry.published is None:
        return text
    if _is_of_some_classes(entry):
        text += f" [{entry.classes[0]} of {entry.classes[1]} classes]"
    recalled = "" if entry.published.checked else "~"
    text += f" ({recalled}{entry.published.value:.{digits}f}"
    if entry.difference is not None:
        text += f" {difference_text(entry, digits)}"
    return f"{text})"


def _is_of_some_classes(entry: Entry) -> bool:
    return bool(entry.values) and entry.published is not None and not entry.is_whole


def difference_text(entry: Entry, digits: int) -> str:
    """Ours minus the paper's, of the figures as they are shown."""
    difference = round(entry.mean, digits) - round(entry.published.value, digits)
    # Without the sign of a zero.
    return f"{round(difference, digits) + 0.0:+.{digits}f}"


def text_rows(table: TableDefinition, summary: Summary, metric: Metric) -> list[list[str]]:
    """The cells of a table as text: the heads, the rows, the means, the ranks."""
    rows = [[table.heads, *summary.columns]]
    for row in summary.rows:
        entries = [summary.entries.get((metric.name, row, column)) for column in summary.columns]
        rows.append([row, *(entry_text(entry, metric) for entry in entries)])
    if summary.means:
        means = [summary.means[metric.name, column] for column in summary.columns]
        rows.append([table.mean or "", *(entry_text(entry, metric) for entry in means)])
    if any(name == metric.name for name, _ in summary.ranks):
        ranks = (summary.ranks.get((metric.name, column)) for column in summary.columns)
        rows.append([RANKS, *("" if rank is None else f"{rank:.2f}" for rank in ranks)])
    return rows


def remarks(table: TableDefinition, summary: Summary) -> list[str]:
    """Lines below a table: what the parentheses mean, the means, failures, time."""
    lines = []
    if any(e.published for e in (*summary.entries.values(), *summary.means.values())):
        lines.append(LEGEND)
    if any(map(_is_of_some_classes, summary.entries.values())):
        lines.append(SOME_CLASSES)
    if any(e.deviation is not None for e in summary.entries.values()):
        lines.append(DEVIATION)
    metric = table.metrics[0].name
    lines += _missing_runs(metric, summary)
    counts = {c: n for (m, c), n in summary.compared.items() if m == metric and n}
    if summary.means and counts and set(counts.values()) != {len(summary.rows)}:
        shown = ", ".join(f"{column} {count}" for column, count in counts.items())
        lines.append(f"Rows in the means: {shown}.")
    if summary.ranks:
        lines.append(
            "Mean ranks, 1 is best: over the rows that have all columns of which anything was run, "
            f"{summary.ranked[metric]} of {len(summary.rows)}."
        )
    lines += table.compare(summary)
    lines += failed_cells(summary)
    if summary.seconds:
        lines.append(f"Time of all cells together: {duration(summary.seconds)}.")
    return [*lines, *table.notes]


def failed_cells(summary: Summary) -> list[str]:
    """A line for everything that went wrong, with the cells that it was in."""
    titles: dict[str, list[str]] = {}
    for title, error in summary.failures.items():
        titles.setdefault(error, []).append(title)
    return [f"{'; '.join(found)} failed: {error}" for error, found in titles.items()]


def _missing_runs(metric: str, summary: Summary) -> list[str]:
    """Which cells are means of fewer runs than the table has there, where nothing else says so."""
    found = [
        f"{row}, {column}: {len(entry.values)} of {entry.cells}"
        for (name, row, column), entry in summary.entries.items()
        if name == metric and entry.is_whole and 0 < len(entry.values) < entry.cells
    ]
    shown = [*found[:_SHOWN], *([f"and {len(found) - _SHOWN} more"] if found[_SHOWN:] else [])]
    return [f"Fewer runs than the others have: {'; '.join(shown)}."] if found else []


def duration(seconds: float) -> str:
    """Seconds in words: `43 s`, `12 min`, `3.4 h`."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


def as_text(table: TableDefinition, summary: Summary, metric: Metric) -> str:
    """The table for a terminal."""
    rows = text_rows(table, summary, metric)
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for first, *others in rows:
        cells = (f"{cell:<{width}}" for cell, width in zip(others, widths[1:], strict=True))
        lines.append("  ".join([f"{first:<{widths[0]}}", *cells]).rstrip())
    return "\n".join(lines)


def as_markdown(table: TableDefinition, summary: Summary, settings: str) -> str:
    """The table, for all metrics, with what stands below it.

    Args:
        table: The definition.
        summary: The results.
        settings: What was run, and the command.
    """
    lines = [f"# {table.title}", "", table.source, "", settings, ""]
    for metric in table.metrics:
        head, *rows = text_rows(table, summary, metric)
        lines += [f"## {metric.title}", "", _line(head), "|" + "---|" * len(head)]
        lines += [*map(_line, rows), ""]
    return "\n".join([*lines, *(f"- {line}" for line in remarks(table, summary)), ""])


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def as_csv(table: TableDefinition, summary: Summary) -> str:
    """A line per row, column and metric: ours, its deviation, the paper's, the difference."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(
        ("row", "column", "metric", "mean", "deviation", "runs", "runs_of_the_table")
        + ("published", "published_deviation", "published_is_checked", "difference", "state")
    )
    for metric in table.metrics:
        for row in summary.rows:
            for column in summary.columns:
                entry = summary.entries.get((metric.name, row, column))
                if entry is not None:
                    writer.writerow([row, column, metric.name, *_values(entry)])
    return text.getvalue()


def _values(entry: Entry) -> list[str]:
    published = entry.published
    figures = [entry.mean, entry.deviation, len(entry.values), entry.cells]
    figures += [None, None] if published is None else [published.value, published.deviation]
    figures += [None if published is None else str(published.checked).lower(), entry.difference]
    return [_number(figure) for figure in [*figures, entry.state]]


def _number(value: float | int | str | None) -> str:
    if value is None:
        return ""
    return f"{value:.4f}" if isinstance(value, float) else str(value)
