"""Scores of a file, written as they are computed."""

from __future__ import annotations

import contextlib
import csv
import os
import sys
import time
from collections.abc import Iterable, Iterator
from itertools import compress
from pathlib import Path
from typing import Any, NamedTuple, TextIO

import numpy as np

from kerasocc.checks import check_choice
from kerasocc.datasets.catalog import IMAGE_SUFFIXES
from kerasocc.datasets.columns.named_columns import NamedColumns
from kerasocc.datasets.dialect import Dialect
from kerasocc.datasets.readers.named_tables import dialect_of_new, place_of
from kerasocc.datasets.readers.new_samples import NewSamples, read_new
from kerasocc.engine.calibration import p_values
from kerasocc.experiments.runs.trained import Trained
from kerasocc.files import complete_or_absent, errors_named

SECONDS_BETWEEN_COUNTS = 0.5
BAD_ROWS = ("error", "flag", "skip")
"""What can be done about samples that cannot be scored."""


class Summary(NamedTuple):
    """How many samples have been scored and flagged.

    Attributes:
        samples: How many.
        flagged: How many of them are anomalies; None without a threshold.
        bad: How many more samples could not be scored.
        first_bad: What was wrong with the first of them, in words.
    """

    samples: int
    flagged: int | None
    bad: int = 0
    first_bad: str = ""


def score_file(
    trained: Trained,
    source: str | os.PathLike,
    output: str | os.PathLike | None = None,
    *,
    unreadable: str = "error",
    with_p_values: bool = False,
    dialect: Dialect | None = None,
    bad_rows: str = "error",
) -> Summary:
    """Score the samples of a file and write CSV, in constant memory.

    The columns are `row` (`file` for image files), the ids of the run, `score` and, on request,
    `p_value` with all their digits, and `is_anomaly` (0 or 1) if the model has a threshold.

    Args:
        trained: The model.
        source: See `datasets.readers.new_samples.read_new`.
        output: File to write, completely or not at all; None for standard output.
        unreadable: See `datasets.readers.new_samples.read_new`.
        with_p_values: Whether to write p-values.
        dialect: See `datasets.readers.new_samples.read_new`.
        bad_rows: What to do about samples that cannot be scored, because a value is missing
            (and the model puts in none), too large or no number: `"error"`; `"flag"`, an empty
            score, an empty p-value and `is_anomaly` 1; or `"skip"`, no line.

    Raises:
        ValueError: If the file does not hold samples that the model takes, or none that can
            be scored, or the model no scores for p-values.
        OSError: If a file cannot be read or written.
    """
    check_choice("bad_rows", bad_rows, BAD_ROWS)
    parts = read_new(
        source,
        trained.sample_format,
        unreadable=unreadable,
        dialect=dialect,
        bad_rows="error" if bad_rows == "error" else "mark",
    )
    calibration_scores = trained.model.sorted_calibration_scores() if with_p_values else None
    scored = _Scored(trained, calibration_scores, bad_rows)
    of_files = Path(source).is_dir() or Path(source).suffix.lower() in IMAGE_SUFFIXES
    with _opened(output) as stream, _Counter() as counter:
        table = csv.writer(stream, lineterminator="\n")
        names = ["file" if of_files else "row", *trained.sample_format.ids]
        header: list[str] | None = [*names, *scored.columns]
        for part in parts:
            if isinstance(part.x, NamedColumns):
                part = _checked(part, trained, source, dialect, bad_rows)
            rows = scored.rows(part)
            if header is not None:
                # Not before the first samples could be scored.
                table.writerow(header)
                header = None
            table.writerows(rows)
            counter.show(scored.samples)
        if not scored.samples:
            found = f"{scored.bad} that cannot, the first: {scored.first_bad}"
            raise ValueError(
                f"{str(source)!r} must hold samples that can be scored. Received: "
                f"{found if scored.bad else 'none'}"
            )
    flagged = None if scored.threshold is None else scored.flagged
    return Summary(scored.samples, flagged, scored.bad, scored.first_bad)


class _Scored:
    """Scores of the parts of a file as rows of a table, and how many there were.

    Args:
        trained: The model.
        calibration_scores: For p-values, sorted; None for no p-values.
        bad_rows: What to do about samples that cannot be scored, `"flag"` or `"skip"`.

    Attributes:
        columns: Names of the columns behind that of the samples.
        threshold: Score above which a sample is an anomaly, or None.
        samples: How many samples were scored.
        flagged: How many of them are anomalies.
        bad: How many could not be scored.
        first_bad: What was wrong with the first of them, in words.
    """

    def __init__(self, trained: Trained, calibration_scores: Any, bad_rows: str):
        self.threshold = trained.threshold
        decision = [] if self.threshold is None else ["is_anomaly"]
        self.columns = ["score", *["p_value"] * (calibration_scores is not None), *decision]
        self.samples = self.flagged = self.bad = 0
        self.first_bad = ""
        self._model = trained.model
        self._calibration_scores = calibration_scores
        self._bad_rows = bad_rows

    def rows(self, part: NewSamples) -> Iterable[tuple[Any, ...]]:
        """The rows of a part, to be written before the next part is scored."""
        if part.bad is None:
            return self._good_rows(part.names, part.x, part.ids)
        self.first_bad = self.first_bad or part.first_bad
        self.bad += int(part.bad.sum())
        good = ~part.bad
        names = np.array(part.names, dtype=object)[good].tolist()
        ids = {name: list(compress(values, good)) for name, values in part.ids.items()}
        rows = self._good_rows(names, part.x[good], ids) if good.any() else ()
        return self._with_bad_rows(iter(rows), part)

    def _good_rows(
        self, names: list[str], x: Any, ids: dict[str, list[Any]]
    ) -> Iterable[tuple[Any, ...]]:
        scores = self._model.score(x)
        numbers = [scores]
        if self._calibration_scores is not None:
            numbers.append(p_values(self._calibration_scores, scores))
        decisions = []
        if self.threshold is not None:
            decisions = [(scores > self.threshold).astype(int).tolist()]
        self.samples += len(scores)
        self.flagged += sum(map(sum, decisions))
        texts = [map(repr, values.astype(float).tolist()) for values in numbers]
        return zip(names, *ids.values(), *texts, *decisions, strict=True)

    def _with_bad_rows(
        self, good_rows: Iterator[tuple[Any, ...]], part: NewSamples
    ) -> Iterator[tuple[Any, ...]]:
        instead = [1 if name == "is_anomaly" else "" for name in self.columns]
        named = zip(part.names, *part.ids.values(), strict=True)
        for names, is_bad in zip(named, part.bad.tolist(), strict=True):
            if not is_bad:
                yield next(good_rows)
            elif self._bad_rows == "flag":
                yield (*names, *instead)


def _checked(
    part: NewSamples,
    trained: Trained,
    source: str | os.PathLike,
    dialect: Dialect | None,
    bad_rows: str,
) -> NewSamples:
    """Mark the rows of a table that its model cannot encode.

    Raises:
        ValueError: If there are any and `bad_rows` is `"error"`; names the first.
    """
    bad = trained.model.table_features.find_bad(part.x)
    if bad is None:
        return part
    path = Path(source)
    found = dialect_of_new(path, trained.sample_format, dialect)
    first = bad.message(place_of(path, found, int(part.names[bad.first_row])))
    if bad_rows == "error":
        raise ValueError(f"{str(source)!r}: {first}")
    return part._replace(bad=bad.rows, first_bad=first)


@contextlib.contextmanager
def _opened(output: str | os.PathLike | None) -> Iterator[TextIO]:
    if output is None:
        with errors_named("standard output"):
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
