"""The page of a study of latent outlier exposure: its tables and figures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from kerasocc import plots
from kerasocc.experiments.papers.loe import tables
from kerasocc.experiments.reports.charts import WIDTH, chart
from kerasocc.experiments.reports.document import Section, document
from kerasocc.experiments.reports.markup import Content, data_table, element
from kerasocc.experiments.settings.latent import MODE_TITLES
from kerasocc.plots.exposure import plot_ratios

Rows = Sequence[dict[str, Any]]


class Tabled(NamedTuple):
    """A table of the study.

    Attributes:
        title: What it shows.
        rows: Its trials.
        metric: Their entry that is shown.
    """

    title: str
    rows: Rows
    metric: str


def study_page(
    tabled: Sequence[Tabled], curves: Mapping[str, Mapping[str, Any]], *, subtitle: str
) -> str:
    """Show a study as one HTML file, which needs no other.

    Args:
        tabled: Its tables.
        curves: Arguments of `plot_ratios` by the name of the figure.
        subtitle: What was run.
    """
    sections = [Section(table.title, _table(table)) for table in tabled]
    pictures = [
        chart(
            name,
            f"{name[:1].upper()}{name[1:]}: {options['y']} against the {options['x']}",
            "Means over data sets and seeds, with their standard errors.",
            plot_ratios,
            **options,
        )
        for name, options in curves.items()
    ]
    figures = element("div", pictures, class_="charts") if pictures else None
    return document(
        "Latent outlier exposure",
        [*sections, Section("Ratios", figures)],
        subtitle=subtitle,
    )


def _table(table: Tabled) -> list[Content]:
    heads, cells, means = tables.cells(table.rows, table.metric)
    shown = [[cell.replace("+-", "±") for cell in row] for row in cells]
    shown.append(["mean", *means])
    values = tables.means_by_mode(table.rows, table.metric)
    picture = chart(
        table.title,
        f"{table.title}, as in the table",
        "Means over the seeds.",
        plots.plot_places,
        {MODE_TITLES[mode]: by_name for mode, by_name in values.items()},
        x=table.metric.upper() + " [%]",
        width=WIDTH,
    )
    return [
        data_table(["data", *heads], shown, numbers=range(1, len(heads) + 1)),
        [element("p", text) for text in _comparisons(table)],
        element("div", picture, class_="charts"),
    ]


def _comparisons(table: Tabled) -> Iterator[str]:
    yield from (f"{found}." for found in tables.compare(table.rows, table.metric))
