"""A study of latent outlier exposure: trials over data, seeds, modes and ratios."""

from __future__ import annotations

import itertools
import json
import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from kerasocc.checks import check_choice, check_fraction
from kerasocc.experiments.settings.latent import MODE_TITLES
from kerasocc.files import write_json, write_text

TABLE_MODES = ("blind", "refine", "hard", "soft")
"""Columns of the paper's tables; `"known"` is its upper bound."""

WITHOUT_RATIO = ("blind", "known")
"""Modes that do not use the assumed ratio."""


class Trial(NamedTuple):
    """One training.

    Attributes:
        data: Name or path of the data, for images with `:` and the normal class.
        seed: Of the split, the initial weights and the order.
        mode: Of `LatentLabels`.
        contamination: True fraction of anomalies in the training data.
        assumed: The fraction that the training assumes, or `"auto"`.
    """

    data: str
    seed: int
    mode: str
    contamination: float
    assumed: float | str


class StudySettings(NamedTuple):
    """What all trials of a study share.

    Attributes:
        protocol: A key of `backbones.BACKBONES`.
        refresh: See `LatentLabels`.
        warmup: See `LatentLabels`.
        epochs: None for those of the protocol.
        data_dir: See `catalog.find_table`.
    """

    protocol: str = "tabular"
    refresh: str = "batch"
    warmup: int = 2
    epochs: int | None = None
    data_dir: str | None = None


class Grid(NamedTuple):
    """What a study runs over.

    Attributes:
        data: Names or paths.
        seeds: Integers.
        modes: Among `MODE_TITLES`.
        contaminations: True fractions of anomalies in the training data.
        assumed: Fractions that a training assumes; None for the true one, `"auto"` for
            an estimated one.
    """

    data: Sequence[str]
    seeds: Sequence[int] = range(5)
    modes: Sequence[str] = TABLE_MODES
    contaminations: Sequence[float] = (0.1,)
    assumed: Sequence[float | str | None] = (None,)

    def check(self) -> None:
        """Raise `ValueError` for what is out of range."""
        for mode in self.modes:
            check_choice("modes", mode, list(MODE_TITLES))
        for value in (*self.contaminations, *self.assumed):
            if value not in (None, "auto"):
                check_fraction("contamination", value, zero=True)
        for name in ("data", "seeds", "modes", "contaminations", "assumed"):
            if not len(getattr(self, name)):
                raise ValueError(f"`{name}` must not be empty. Received: {name}=[]")

    def trials(self) -> Iterable[dict[str, Any]]:
        """The fields of every `Trial`, equal ones once."""
        axes = (self.data, self.seeds, self.contaminations, self.assumed, self.modes)
        seen = set()
        for data, seed, contamination, assumed, mode in itertools.product(*axes):
            is_true_ratio = assumed is None or mode in WITHOUT_RATIO
            ratio = contamination if is_true_ratio else assumed
            trial = dict(
                data=data, seed=seed, mode=mode, contamination=contamination, assumed=ratio
            )
            if tuple(trial.values()) not in seen:
                seen.add(tuple(trial.values()))
                yield trial


class Log:
    """Results in a file, one JSON object per line; a study is resumed from them.

    Args:
        path: The file.
        settings: What all trials of the file share; written to a file beside it.

    Raises:
        ValueError: If the file is of other settings.
    """

    def __init__(self, path: str | os.PathLike, settings: dict[str, Any]):
        self._path = Path(path)
        self._path.parent.mkdir(parents=True, exist_ok=True)
        file = self._path.with_suffix(".settings.json")
        if file.exists() and json.loads(file.read_text(encoding="utf-8")) != settings:
            raise ValueError(
                f"`out` must be a folder of the same settings, or a new one: {settings}. Received: "
                f"{str(path)!r} of {json.loads(file.read_text(encoding='utf-8'))}"
            )
        write_json(file, settings)
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
    echo: Callable[[str], None],
) -> list[dict[str, Any]]:
    """Run what is not in the log yet.

    Args:
        grid: The trials.
        log: Results so far; gets the new ones.
        run_one: From the fields of a trial to its result.
        echo: Gets a line per new result.

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
            echo(
                f"{number}/{len(trials)} {row['data']} seed {row['seed']} "
                f"{MODE_TITLES[row['mode']]}: "
                f"AUC {100 * row['auc']:.2f} F1 {100 * row['f1']:.2f} ({row['seconds']:.0f} s)"
            )
        rows.append(row)
    return rows
