"""The tables of latent outlier exposure: trials over data, seeds, modes and ratios."""

from __future__ import annotations

import csv
import io
import itertools
import json
import os
import statistics
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from kerasocc.checks import check_choice, check_fraction
from kerasocc.files import write_json, write_text

MODES = ("blind", "refine", "hard", "soft")
"""Columns of the paper's tables; `"known"` is its upper bound."""
TITLES = {
    "blind": "Blind",
    "refine": "Refine",
    "hard": "LOE-H",
    "soft": "LOE-S",
    "known": "known labels",
}

UNTOLD = ("blind", "known")
"""Modes that do not use the assumed ratio."""


class Grid(NamedTuple):
    """What a study runs over.

    Attributes:
        data: Names or paths.
        seeds: Integers.
        modes: Among `TITLES`.
        contaminations: True fractions of anomalies in the training data.
        assumed: Fractions that a training is told; None for the true one, `"auto"` for
            an estimated one.
    """

    data: Sequence[str]
    seeds: Sequence[int] = range(5)
    modes: Sequence[str] = MODES
    contaminations: Sequence[float] = (0.1,)
    assumed: Sequence[float | str | None] = (None,)

    def check(self) -> None:
        """Raise `ValueError` for what is out of range."""
        for mode in self.modes:
            check_choice("modes", mode, list(TITLES))
        for value in (*self.contaminations, *self.assumed):
            if value not in (None, "auto"):
                check_fraction("contamination", value, zero=True)
        for name in ("data", "seeds", "modes", "contaminations", "assumed"):
            if not len(getattr(self, name)):
                raise ValueError(f"`{name}` must not be empty. Received: {name}=[]")

    def trials(self) -> Iterable[dict[str, Any]]:
        """The fields of every `exposure_trials.Trial`, those that agree once."""
        axes = (self.data, self.seeds, self.contaminations, self.assumed, self.modes)
        seen = set()
        for data, seed, contamination, assumed, mode in itertools.product(*axes):
            told = contamination if assumed is None else assumed
            told = contamination if mode in UNTOLD else told
            trial = dict(data=data, seed=seed, mode=mode, contamination=contamination, assumed=told)
            if tuple(trial.values()) not in seen:
                seen.add(tuple(trial.values()))
                yield trial


class Log:
    """Results in a file, one JSON object per line; a study goes on where it was stopped.

    Args:
        path: The file.
        settings: What all trials of the file share; kept beside it.

    Raises:
        ValueError: If the file is of other settings.
    """

    def __init__(self, path: str | os.PathLike, settings: dict[str, Any]):
        self._path = Path(path)
        self._path.parent.mkdir(parents=True, exist_ok=True)
        beside = self._path.with_suffix(".settings.json")
        if beside.exists() and json.loads(beside.read_text(encoding="utf-8")) != settings:
            raise ValueError(
                f"`out` must be a folder of the same settings, or a new one: {settings}. Received: "
                f"{str(path)!r} of {json.loads(beside.read_text(encoding='utf-8'))}"
            )
        write_json(beside, settings)
        lines = self._path.read_text(encoding="utf-8").splitlines() if self._path.exists() else []
        self.rows: list[dict[str, Any]] = [json.loads(line) for line in lines]

    def find(self, trial: dict[str, Any]) -> dict[str, Any] | None:
        """The result of a trial that has been run."""
        return next((row for row in self.rows if all(row[k] == trial[k] for k in trial)), None)

    def add(self, row: dict[str, Any]) -> None:
        """Append a result; a line is written whole or, by the rename, not at all."""
        self.rows.append(row)
        write_text(self._path, "".join(json.dumps(row) + "\n" for row in self.rows))


def run(
    grid: Grid,
    log: Log,
    run_one: Callable[[dict[str, Any]], dict[str, Any]],
    tell: Callable[[str], None],
) -> list[dict[str, Any]]:
    """Run what is not in the log yet.

    Returns:
        The rows of the grid.
    """
    grid.check()
    trials = list(grid.trials())
    rows = []
    for number, trial in enumerate(trials, start=1):
        row = log.find(trial)
        if row is None:
            row = run_one(trial)
            log.add(row)
            tell(
                f"{number}/{len(trials)} {row['data']} seed {row['seed']} {TITLES[row['mode']]}: "
                f"AUC {100 * row['auc']:.2f} F1 {100 * row['f1']:.2f} ({row['seconds']:.0f} s)"
            )
        rows.append(row)
    return rows


def table(rows: Sequence[dict[str, Any]], metric: str) -> str:
    """Data by modes, mean and standard deviation over the seeds in %, as in the paper."""
    modes, cells = _cells(rows, metric)
    width = max(len(name) for name in (*cells, "mean"))
    lines = [f"{'':{width}}  " + "  ".join(f"{TITLES[mode]:>13}" for mode in modes)]
    for name, by_mode in cells.items():
        shown = (
            f"{statistics.mean(v):6.1f} +-{statistics.pstdev(v):4.1f}" if v else f"{'-':>13}"
            for v in by_mode.values()
        )
        lines.append(f"{name:{width}}  " + "  ".join(f"{cell:>13}" for cell in shown))
    means = [[statistics.mean(by[mode]) for by in cells.values() if by[mode]] for mode in modes]
    lines.append(f"{'mean':{width}}  " + "  ".join(f"{statistics.mean(m):>13.2f}" for m in means))
    return "\n".join(lines)


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
            f"{TITLES[self.mode]} - Blind: {self.gain:+.2f} points, above on {self.better} of "
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

    Blind, which is told nothing, has its value at every assumed ratio.
    """
    ratios = sorted({row[along] for row in rows if not isinstance(row[along], str)})
    found: dict[str, dict[float, list[float]]] = {}
    for mode in dict.fromkeys(row["mode"] for row in rows):
        own = [row for row in rows if row["mode"] == mode]
        constant = along == "assumed" and mode in UNTOLD
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
