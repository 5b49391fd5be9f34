"""The files of a study of latent outlier exposure: tables, all results, figures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from kerasocc.experiments.papers.loe import tables
from kerasocc.experiments.papers.loe.study import WITHOUT_RATIO, Grid
from kerasocc.experiments.reports.report import write_figure
from kerasocc.experiments.settings.latent import MODE_TITLES
from kerasocc.files import write_text
from kerasocc.plots.exposure import plot_ratios

METRIC_TITLES = {"auc": "AUC in %", "f1": "F1 at the true ratio in %"}

Rows = Sequence[dict[str, Any]]


def write_report(rows: Rows, grid: Grid, folder: Path, echo: Callable[[str], None]) -> None:
    """Write `tables.txt` and `results.csv`, and a figure per ratio that was varied.

    Args:
        rows: What `study.run` returned.
        grid: What it ran over.
        folder: Where to.
        echo: Gets the tables and the names of the files.
    """
    text = _tables(rows, grid)
    write_text(folder / "results.csv", tables.as_csv(rows))
    write_text(folder / "tables.txt", text)
    echo(f"\n{text}")
    echo(f"Tables    {folder / 'tables.txt'}, {folder / 'results.csv'}")
    if len(grid.contaminations) > 1:
        echo(f"Figure    {_draw(rows, grid, 'contamination', 'true', folder)}")
    if len([ratio for ratio in grid.assumed if not isinstance(ratio, str | None)]) > 1:
        echo(f"Figure    {_draw(rows, grid, 'assumed', 'assumed', folder)}")


def _tables(rows: Rows, grid: Grid) -> str:
    lines = []
    for contamination in grid.contaminations:
        for assumed in grid.assumed:
            own = [row for row in rows if _belongs(row, contamination, assumed)]
            ratio = "" if assumed is None else f", assumed {assumed}"
            for metric, name in METRIC_TITLES.items():
                title = f"{name}, contamination {contamination:g}{ratio}, seeds: {len(grid.seeds)}"
                comparisons = map(str, tables.compare(own, metric))
                lines += ["", title, tables.table(own, metric), *comparisons]
    return "\n".join(lines[1:]) + "\n"


def _belongs(row: dict[str, Any], contamination: float, assumed: float | str | None) -> bool:
    if row["contamination"] != contamination:
        return False
    ratio = contamination if assumed is None else assumed
    return row["mode"] in WITHOUT_RATIO or row["assumed"] == ratio


def _draw(rows: Rows, grid: Grid, along: str, adjective: str, folder: Path) -> Path:
    curves = tables.curves(rows, along, "auc")
    figure = plot_ratios(
        {MODE_TITLES[mode]: values for mode, values in curves.items()},
        x=f"{adjective} contamination in %",
        y=METRIC_TITLES["auc"],
        truth=grid.contaminations[0] if len(grid.contaminations) == 1 else None,
    )
    path = folder / f"{along}.png"
    write_figure(path, figure)
    return path
