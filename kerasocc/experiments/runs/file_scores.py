"""Scores of a file, written as they are computed."""

from __future__ import annotations

import contextlib
import csv
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple, TextIO

from kerasocc.datasets.catalog import IMAGE_SUFFIXES
from kerasocc.datasets.dialect import Dialect
from kerasocc.datasets.readers.new_samples import read_new
from kerasocc.engine.calibration import p_values
from kerasocc.experiments.runs.trained import Trained
from kerasocc.files import complete_or_absent

SECONDS_BETWEEN_COUNTS = 0.5


class Summary(NamedTuple):
    """How many samples have been scored and flagged.

    Attributes:
        samples: How many.
        flagged: How many of them are anomalies; None without a threshold.
    """

    samples: int
    flagged: int | None


def score_file(
    trained: Trained,
    source: str | os.PathLike,
    output: str | os.PathLike | None = None,
    *,
    unreadable: str = "error",
    with_p_values: bool = False,
    dialect: Dialect | None = None,
) -> Summary:
    """Score the samples of a file and write CSV, in constant memory.

    The columns are `row` (`file` for image files), `score` and, on request, `p_value` with all
    their digits, and `is_anomaly` (0 or 1) if the model has a threshold.

    Args:
        trained: The model.
        source: See `datasets.readers.new_samples.read_new`.
        output: File to write, completely or not at all; None for standard output.
        unreadable: See `datasets.readers.new_samples.read_new`.
        with_p_values: Whether to write p-values.
        dialect: See `datasets.readers.new_samples.read_new`.

    Raises:
        ValueError: If the file does not hold samples that the model takes, or the model no
            scores for p-values.
        OSError: If a file cannot be read or written.
    """
    parts = read_new(source, trained.sample_format, unreadable=unreadable, dialect=dialect)
    threshold = trained.threshold
    calibration_scores = trained.model.sorted_calibration_scores() if with_p_values else None
    samples = flagged = 0
    of_files = Path(source).is_dir() or Path(source).suffix.lower() in IMAGE_SUFFIXES
    name = "file" if of_files else "row"
    columns = [name, "score"] + ["p_value"] * with_p_values
    columns += [] if threshold is None else ["is_anomaly"]
    with _opened(output) as stream, _Counter() as counter:
        table = csv.writer(stream, lineterminator="\n")
        for part in parts:
            scores = trained.model.score(part.x)
            if not samples:
                # Not before the first samples could be scored.
                table.writerow(columns)
            decisions = [] if threshold is None else [(scores > threshold).astype(int).tolist()]
            numbers = [scores] + ([p_values(calibration_scores, scores)] if with_p_values else [])
            texts = [map(repr, values.astype(float).tolist()) for values in numbers]
            table.writerows(zip(part.names, *texts, *decisions, strict=True))
            samples += len(scores)
            flagged += sum(map(sum, decisions))
            counter.show(samples)
    if not samples:
        raise ValueError(f"{str(source)!r} must hold samples. Received: none")
    return Summary(samples, None if threshold is None else flagged)


@contextlib.contextmanager
def _opened(output: str | os.PathLike | None) -> Iterator[TextIO]:
    if output is None:
        yield sys.stdout
        sys.stdout.flush()
        return
    with complete_or_absent(output) as temporary:
        # Names of files that are not UTF-8 are written unchanged.
        options = {"encoding": "utf-8", "errors": "surrogateescape", "newline": ""}
        with open(temporary, "w", **options) as stream:
            yield stream


class _Counter:
    """A count on standard error, where that is a terminal."""

    def __init__(self):
        self._shown = time.monotonic()
        self._open = False

    def show(self, samples: int) -> None:
        now = time.monotonic()
        if sys.stderr.isatty() and now - self._shown >= SECONDS_BETWEEN_COUNTS:
            sys.stderr.write(f"\r{samples} samples")
            sys.stderr.flush()
            self._shown, self._open = now, True

    def __enter__(self) -> _Counter:
        return self

    def __exit__(self, *_: Any) -> None:
        if self._open:
            sys.stderr.write("\n")
