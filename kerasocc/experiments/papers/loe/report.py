"""The files of a study of latent outlier exposure: tables, all results, figures."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from kerasocc.experiments.papers.loe import tables
from kerasocc.experiments.papers.loe.page import Tabled, study_page
from kerasocc.experiments.papers.loe.study import WITHOUT_RATIO, Grid
from kerasocc.experiments.reports.report import write_figure
from kerasocc.experiments.settings.latent import MODE_TITLES
from kerasocc.files import write_text
from kerasocc.plots.exposure import plot_ratios

METRIC_TITLES = {"auc": "AUC in %", "f1": "F1 at the true ratio in %"}

Rows = Sequence[dict[str, Any]]


def write_report(rows: Rows, grid: Grid, folder: Path, echo: Callable[[str], None]) -> None:
    """Write `tables.txt`, `results.csv`, `report.html`, and a figure per ratio that was varied.

    Args:
        rows: What `study.run` returned.
        grid: What it ran over.
        folder: Where to.
        echo: Gets the tables and the names of the files.
    """
    tabled = _tables(rows, grid)
    text = "\n".join(_as_text(tabled))
    ratios = _ratios(rows, grid)
    write_text(folder / "results.csv", tables.as_csv(rows))
    write_text(folder / "tables.txt", text)
    echo(f"\n{text}")
    echo(f"Tables    {folder / 'tables.txt'}, {folder / 'results.csv'}")
    for along, options in ratios.items():
        path = folder / f"{along}.png"
        write_figure(path, plot_ratios(**options))
        echo(f"Figure    {path}")
    about = f"{len(grid.data)} data sets, {len(grid.seeds)} seeds, {len(rows)} trials"
    write_text(folder / "report.html", study_page(tabled, ratios, subtitle=about))
    echo(f"Report    {folder / 'report.html'}")


def _as_text(tabled: Sequence[Tabled]) -> Iterator[str]:
    for number, (title, rows, metric) in enumerate(tabled):
        comparisons = map(str, tables.compare(rows, metric))
        yield from (*([""] if number else []), title, tables.table(rows, metric), *comparisons)
    yield ""


def _tables(rows: Rows, grid: Grid) -> list[Tabled]:
    found = []
    for contamination in grid.contaminations:
        for assumed in grid.assumed:
            own = [row for row in rows if _belongs(row, contamination, assumed)]
            ratio = "" if assumed is None else f", assumed {assumed}"
            for metric, name in METRIC_TITLES.items():
                title = f"{name}, contamination {contamination:g}{ratio}, seeds: {len(grid.seeds)}"
                found.append(Tabled(title, own, metric))
    return found


def _belongs(row: dict[str, Any], contamination: float, assumed: float | str | None) -> bool:
    if row["contamination"] != contamination:
        return False
    ratio = contamination if assumed is None else assumed
    return row["mode"] in WITHOUT_RATIO or row["assumed"] == ratio


def _ratios(rows: Rows, grid: Grid) -> dict[str, dict[str, Any]]:
    """Arguments of `plot_ratios` for every ratio that was varied, by its name in the rows."""
    varied = []
    if len(grid.contaminations) > 1:
        varied.append(("contamination", "true"))
    if len([ratio for ratio in grid.assumed if not isinstance(ratio, str | None)]) > 1:
        varied.append(("assumed", "assumed"))
    return {
        along: dict(
            curves={
                MODE_TITLES[mode]: values
                for mode, values in tables.curves(rows, along, "auc").items()
            },
            x=f"{adjective} contamination in %",
            y=METRIC_TITLES["auc"],
            truth=grid.contaminations[0] if len(grid.contaminations) == 1 else None,
        )
        for along, adjective in varied
    }
