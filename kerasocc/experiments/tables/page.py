"""The page of a table: ours beside the published figures, and how they came about."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from kerasocc import plots
from kerasocc.experiments.reports.charts import WIDTH, chart
from kerasocc.experiments.reports.document import Section, document, note
from kerasocc.experiments.reports.markup import Content, data_table, element
from kerasocc.experiments.tables.definition import Metric, TableDefinition
from kerasocc.experiments.tables.rendering import (
    difference_text,
    failed_cells,
    remarks,
    text_rows,
)
from kerasocc.experiments.tables.summary import Entry, Summary
from kerasocc.plots.exposure import plot_ratios

MOST_PLACES = 40
"""Rows that a picture can hold."""


def table_page(table: TableDefinition, summary: Summary, settings: str) -> str:
    """Show a table as one HTML file, which needs no other.

    Args:
        table: The definition.
        summary: The results.
        settings: What was run, and the command.
    """
    failed = [note(line) for line in failed_cells(summary)]
    return document(
        table.title,
        _sections(table, summary),
        subtitle=table.source,
        opening=[element("p", _with_code(settings)), failed],
    )


def _with_code(text: str) -> Iterator[Content]:
    """What stands between backticks as code."""
    for number, part in enumerate(text.split("`")):
        yield element("code", part) if number % 2 else part


def _sections(table: TableDefinition, summary: Summary) -> Iterator[Section]:
    for metric in table.metrics:
        head, *rows = text_rows(table, summary, metric)
        shown = data_table(head, rows, numbers=range(1, len(head)))
        yield Section(metric.title, [shown, _picture(table, summary, metric)])
    lines = [element("li", line) for line in remarks(table, summary)]
    yield Section("How to read it", element("ul", lines))
    yield Section("Beside the paper", _comparison(table, summary))


def _picture(table: TableDefinition, summary: Summary, metric: Metric) -> Content:
    values: dict[str, dict[str, Entry]] = {}
    for column in summary.columns:
        for row in summary.rows:
            entry = summary.entries.get((metric.name, row, column))
            if entry is not None and entry.values:
                values.setdefault(column, {})[row] = entry
    if not values or len(summary.rows) > MOST_PLACES:
        return None
    draw = _places if table.ratios is None else _ratios
    return element("div", draw(values, table, metric), class_="charts")


def _places(
    values: Mapping[str, Mapping[str, Entry]], table: TableDefinition, metric: Metric
) -> Content:
    return chart(
        metric.name,
        f"{metric.title}, as in the table",
        "Means, as in the table.",
        plots.plot_places,
        {column: {row: entry.mean for row, entry in own.items()} for column, own in values.items()},
        x=metric.title,
        width=WIDTH,
    )


def _ratios(
    values: Mapping[str, Mapping[str, Entry]], table: TableDefinition, metric: Metric
) -> Content:
    return chart(
        metric.name,
        f"{metric.title} against {table.ratios}, as in the table",
        "Means, with their standard errors.",
        plot_ratios,
        {c: {float(row): entry.values for row, entry in own.items()} for c, own in values.items()},
        x=f"{table.ratios} in %",
        y=metric.title,
    )


def _comparison(table: TableDefinition, summary: Summary) -> Content:
    metric = table.metrics[0]
    heads = ("row", "column", "ours", "std", "runs", "published", "difference", "published is")
    rows = []
    for row in summary.rows:
        for column in summary.columns:
            entry = summary.entries.get((metric.name, row, column))
            if entry is None or entry.published is None:
                continue
            figures = (entry.mean, entry.deviation)
            ours = [entry.state or "" if f is None else f"{f:.{metric.digits}f}" for f in figures]
            ours[1] = "" if entry.deviation is None else ours[1]
            rows.append(
                [
                    row,
                    column,
                    *ours,
                    f"{len(entry.values)} of {entry.cells}",
                    f"{entry.published.value:.{metric.digits}f}",
                    "" if entry.difference is None else difference_text(entry, metric.digits),
                    "quoted" if entry.published.checked else "recalled",
                ]
            )
    return data_table(heads, rows, numbers=range(2, 7)) if rows else None
