"""What a study of latent outlier exposure leaves: tables, all results, pictures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from kerasocc.experiments import exposure_study as study
from kerasocc.files import complete_or_absent, write_text
from kerasocc.plots.exposure import plot_ratios

METRICS = {"auc": "AUC in %", "f1": "F1 at the true ratio in %"}

Rows = Sequence[dict[str, Any]]


def write_report(rows: Rows, grid: study.Grid, folder: Path, tell: Callable[[str], None]) -> None:
    """Write `tables.txt` and `results.csv`, and a picture per ratio that was varied.

    Args:
        rows: What `exposure_study.run` returned.
        grid: What it ran over.
        folder: Where to.
        tell: Gets the tables and the names of the files.
    """
    text = _tables(rows, grid)
    write_text(folder / "results.csv", study.as_csv(rows))
    write_text(folder / "tables.txt", text)
    tell(f"\n{text}")
    tell(f"Tables    {folder / 'tables.txt'}, {folder / 'results.csv'}")
    if len(grid.contaminations) > 1:
        tell(f"Picture   {_draw(rows, grid, 'contamination', 'true', folder)}")
    if len([ratio for ratio in grid.assumed if not isinstance(ratio, str | None)]) > 1:
        tell(f"Picture   {_draw(rows, grid, 'assumed', 'assumed', folder)}")


def _tables(rows: Rows, grid: study.Grid) -> str:
    lines = []
    for contamination in grid.contaminations:
        for assumed in grid.assumed:
            own = [row for row in rows if _belongs(row, contamination, assumed)]
            told = "" if assumed is None else f", assumed {assumed}"
            for metric, name in METRICS.items():
                title = f"{name}, contamination {contamination:g}{told}, seeds: {len(grid.seeds)}"
                comparisons = map(str, study.compare(own, metric))
                lines += ["", title, study.table(own, metric), *comparisons]
    return "\n".join(lines[1:]) + "\n"


def _belongs(row: dict[str, Any], contamination: float, assumed: float | str | None) -> bool:
    if row["contamination"] != contamination:
        return False
    told = contamination if assumed is None else assumed
    return row["mode"] in study.UNTOLD or row["assumed"] == told


def _draw(rows: Rows, grid: study.Grid, along: str, adjective: str, folder: Path) -> Path:
    curves = study.curves(rows, along, "auc")
    figure = plot_ratios(
        {study.TITLES[mode]: values for mode, values in curves.items()},
        x=f"{adjective} contamination in %",
        y=METRICS["auc"],
        truth=grid.contaminations[0] if len(grid.contaminations) == 1 else None,
    )
    path = folder / f"{along}.png"
    with complete_or_absent(path) as temporary:
        figure.savefig(temporary)
    return path
