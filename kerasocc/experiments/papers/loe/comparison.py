"""The modes of latent outlier exposure against Blind, paired by row."""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from typing import NamedTuple

from kerasocc.experiments.settings.latent import MODE_TITLES
from kerasocc.experiments.tables.definition import Metric
from kerasocc.experiments.tables.summary import Summary

BLIND = MODE_TITLES["blind"]
FEWEST_ROWS = 5
"""For a test: of fewer pairs not even a difference in all of them can be significant."""


class Comparison(NamedTuple):
    """A mode against Blind.

    Attributes:
        mode: What the mode is called.
        metric: What is compared.
        gain: Mean difference of the means over the seeds, in points.
        better: Number of rows where it is above Blind.
        rows: Number of rows.
        p_value: Of the one-sided Wilcoxon signed-rank test over the rows; 1 where all
            differences are 0, None where there are too few rows.
        worse: Names of the rows where it is below Blind.
    """

    mode: str
    metric: str
    gain: float
    better: int
    rows: int
    p_value: float | None
    worse: tuple[str, ...]

    def __str__(self) -> str:
        tested = "" if self.p_value is None else f", p = {self.p_value:.2g} (Wilcoxon, one-sided)"
        below = f"; below Blind: {', '.join(self.worse)}" if self.worse else ""
        return (
            f"{self.metric}, {self.mode} - Blind: {self.gain:+.2f} points, above on {self.better} "
            f"of {self.rows}{tested}{below}."
        )


def compare(summary: Summary, metric: Metric) -> Iterator[Comparison]:
    """Every mode against Blind, where both were run; none without Blind."""
    for column in summary.columns:
        pairs = {
            row: (ours.mean, blind.mean)
            for row in summary.rows
            if (ours := summary.entries.get((metric.name, row, column))) is not None
            and (blind := summary.entries.get((metric.name, row, BLIND))) is not None
            and ours.values
            and blind.values
        }
        if column == BLIND or not pairs:
            continue
        gains = {row: ours - blind for row, (ours, blind) in pairs.items()}
        differences = list(gains.values())
        yield Comparison(
            column,
            metric.title,
            statistics.fmean(differences),
            sum(gain > 0 for gain in differences),
            len(differences),
            _p_value(differences),
            tuple(row for row, gain in gains.items() if gain < 0),
        )


def _p_value(differences: list[float]) -> float | None:
    from scipy.stats import wilcoxon

    if len(differences) < FEWEST_ROWS:
        return None
    if not any(differences):
        return 1.0
    return float(wilcoxon(differences, alternative="greater").pvalue)


def lines(*metrics: Metric):
    """A function for `TableDefinition.compare`."""

    def compared(summary: Summary) -> list[str]:
        return [str(found) for metric in metrics for found in compare(summary, metric)]

    return compared
