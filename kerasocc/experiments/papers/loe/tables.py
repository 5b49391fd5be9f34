"""The tables of latent outlier exposure, made from the results of a study."""

from __future__ import annotations

import csv
import io
import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from kerasocc.experiments.papers.loe.study import WITHOUT_RATIO
from kerasocc.experiments.settings.latent import MODE_TITLES


def table(rows: Sequence[dict[str, Any]], metric: str) -> str:
    """Data by modes, mean and standard deviation over the seeds in %, as in the paper."""
    heads, by_name, means = cells(rows, metric)
    width = max(len(name) for name in (*(name for name, *_ in by_name), "mean"))
    lines = [("", *heads), *by_name, ("mean", *means)]
    return "\n".join(
        f"{name:{width}}  " + "  ".join(f"{cell:>13}" for cell in shown) for name, *shown in lines
    )


def cells(
    rows: Sequence[dict[str, Any]], metric: str
) -> tuple[list[str], list[tuple[str, ...]], list[str]]:
    """The cells of `table`.

    Returns:
        Titles of the modes; the rows, the name of the data first; the means over the rows.
    """
    modes, by_name = _cells(rows, metric)
    shown = [
        (
            name,
            *(
                f"{statistics.mean(v):6.1f} +-{statistics.pstdev(v):4.1f}" if v else "-"
                for v in by_mode.values()
            ),
        )
        for name, by_mode in by_name.items()
    ]
    means = [list(by.values()) for by in means_by_mode(rows, metric).values()]
    return (
        [MODE_TITLES[mode] for mode in modes],
        shown,
        [f"{statistics.mean(m):.2f}" for m in means],
    )


def means_by_mode(rows: Sequence[dict[str, Any]], metric: str) -> dict[str, dict[str, float]]:
    """Means over the seeds in % by mode and by the name of the data."""
    modes, by_name = _cells(rows, metric)
    return {
        mode: {name: statistics.mean(by[mode]) for name, by in by_name.items() if by[mode]}
        for mode in modes
    }


def as_csv(rows: Sequence[dict[str, Any]]) -> str:
    """All rows, one per trial."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


class Comparison(NamedTuple):
    """A mode against Blind, paired by data set.

    Attributes:
        mode: The mode.
        gain: Mean difference of the means over the seeds, in points.
        better: Number of data sets where it is above Blind.
        sets: Number of data sets.
        p_value: Of the one-sided Wilcoxon signed-rank test over the sets; 1 where all
            differences are 0.
        worse: Names of the sets where it is below Blind.
    """

    mode: str
    gain: float
    better: int
    sets: int
    p_value: float
    worse: tuple[str, ...]

    def __str__(self) -> str:
        below = f"; below Blind: {', '.join(self.worse)}" if self.worse else ""
        return (
            f"{MODE_TITLES[self.mode]} - Blind: {self.gain:+.2f} points, above on {self.better} of "
            f"{self.sets} sets, p = {self.p_value:.2g} (Wilcoxon, one-sided){below}"
        )


def compare(rows: Sequence[dict[str, Any]], metric: str) -> list[Comparison]:
    """Every mode against Blind; empty without Blind."""
    from scipy.stats import wilcoxon

    modes, cells = _cells(rows, metric)
    found = []
    for mode in modes:
        both = {n: by for n, by in cells.items() if by.get("blind") and by[mode]}
        if mode == "blind" or not both:
            continue
        gains = {
            name: statistics.mean(by[mode]) - statistics.mean(by["blind"])
            for name, by in both.items()
        }
        differences = list(gains.values())
        p_value = 1.0
        if any(differences):
            p_value = float(wilcoxon(differences, alternative="greater").pvalue)
        found.append(
            Comparison(
                mode,
                statistics.mean(differences),
                sum(gain > 0 for gain in differences),
                len(differences),
                p_value,
                tuple(name for name, gain in gains.items() if gain < 0),
            )
        )
    return found


def curves(
    rows: Sequence[dict[str, Any]], along: str, metric: str
) -> dict[str, dict[float, list[float]]]:
    """Values of a metric in % by mode and by `"contamination"` or `"assumed"`.

    Blind, which assumes no ratio, has its value at every assumed ratio.
    """
    ratios = sorted({row[along] for row in rows if not isinstance(row[along], str)})
    found: dict[str, dict[float, list[float]]] = {}
    for mode in dict.fromkeys(row["mode"] for row in rows):
        own = [row for row in rows if row["mode"] == mode]
        constant = along == "assumed" and mode in WITHOUT_RATIO
        found[mode] = {
            ratio: [100 * row[metric] for row in own if constant or row[along] == ratio]
            for ratio in ratios
        }
    return found


def _cells(
    rows: Sequence[dict[str, Any]], metric: str
) -> tuple[list[str], dict[str, dict[str, list[float]]]]:
    modes = list(dict.fromkeys(row["mode"] for row in rows))
    cells: dict[str, dict[str, list[float]]] = {}
    for row in rows:
        by_mode = cells.setdefault(Path(row["data"]).stem, {mode: [] for mode in modes})
        by_mode[row["mode"]].append(100 * row[metric])
    return modes, cells
