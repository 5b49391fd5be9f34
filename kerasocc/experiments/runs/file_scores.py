"""Scores of a file, written as they are computed."""

from __future__ import annotations

import os
from collections.abc import Sequence
from itertools import compress
from pathlib import Path
from typing import Any

import numpy as np

from kerasocc.checks import check_choice
from kerasocc.datasets.catalog import IMAGE_SUFFIXES
from kerasocc.datasets.columns.named_columns import NamedColumns
from kerasocc.datasets.dialect import Dialect
from kerasocc.datasets.readers.named_tables import dialect_of_new, place_of
from kerasocc.datasets.readers.new_samples import NewSamples, read_new
from kerasocc.datasets.readers.row_names import RowNames
from kerasocc.engine.calibration import p_values
from kerasocc.experiments.runs import score_outputs
from kerasocc.experiments.runs.explainer import Explainer
from kerasocc.experiments.runs.read_ahead import read_ahead
from kerasocc.experiments.runs.sample_counter import SampleCounter
from kerasocc.experiments.runs.score_outputs import ScoredRows
from kerasocc.experiments.runs.shards import Shard
from kerasocc.experiments.runs.summary import Summary
from kerasocc.experiments.runs.trained import Trained

BAD_ROWS = ("error", "flag", "skip")
"""What can be done about samples that cannot be scored."""


def score_file(
    trained: Trained,
    source: str | os.PathLike,
    output: str | os.PathLike | None = None,
    **options: Any,
) -> Summary:
    """Score the samples of one file: see `score_files`."""
    return score_files(trained, [source], output, **options)


def score_files(
    trained: Trained,
    sources: Sequence[str | os.PathLike],
    output: str | os.PathLike | None = None,
    *,
    unreadable: str = "error",
    with_p_values: bool = False,
    dialect: Dialect | None = None,
    bad_rows: str = "error",
    shard: Shard | None = None,
    explainer: Explainer | None = None,
) -> Summary:
    """Score the samples of files, one after the other, into one output, in constant memory.

    The columns are `file` (of several files), `row` (`file` alone for image files), the ids of the
    run, `score` and, on request, `p_value` with all their digits, and `is_anomaly` if the model
    has a threshold. Rows are numbered from 0 on in each file.

    Args:
        trained: The model.
        sources: See `datasets.readers.new_samples.read_new`.
        output: File to write, completely or not at all, in the format that its suffix says: CSV,
            Parquet or `.npz`; None for CSV on standard output.
        unreadable: See `datasets.readers.new_samples.read_new`.
        with_p_values: Whether to write p-values.
        dialect: See `datasets.readers.new_samples.read_new`.
        bad_rows: What to do about samples that cannot be scored, because a value is missing
            (and the model puts in none), too large or no number: `"error"`; `"flag"`, no
            score, no p-value and `is_anomaly` true; or `"skip"`, no row.
        shard: Which rows to score; None for all.
        explainer: Adds the column `because` with the table's columns that made a score; or None.

    Raises:
        ValueError: If a file does not hold samples that the model takes, or none that can
            be scored, or the model no scores for p-values.
        OSError: If a file cannot be read or written.
    """
    check_choice("bad_rows", bad_rows, BAD_ROWS)
    if shard is not None:
        sources, shard = shard.files_of(sources)
    of_images = [_is_of_images(source) for source in sources]
    if len(set(of_images)) > 1:
        raise ValueError(
            "The files must be tables and arrays, or images and folders of them, not both. "
            f"Received: {str(sources[0])!r} and {str(sources[of_images.index(not of_images[0])])!r}"
        )
    if shard is not None and any(of_images):
        raise ValueError(
            "`shard` must deal out whole FILEs where they are images or folders of them, at least "
            f"as many as there are shards. Received: {len(sources)} for {shard.count} shards"
        )
    reading = dict(
        unreadable=unreadable, dialect=dialect, bad_rows="error" if bad_rows == "error" else "mark"
    )
    calibration_scores = trained.model.sorted_calibration_scores() if with_p_values else None
    scored = Scored(trained, calibration_scores, bad_rows, explainer)
    with score_outputs.opened(output) as written, SampleCounter() as counter:
        for source in sources:
            before = scored.samples
            parts = read_new(source, trained.sample_format, **reading)
            file = str(source) if len(sources) > 1 and not any(of_images) else None
            for part in read_ahead(parts if shard is None else shard.rows_of(parts)):
                if isinstance(part.x, NamedColumns):
                    part = _checked(part, trained, source, dialect, bad_rows)
                written.write(scored.rows(part, file))
                counter.show(scored.samples)
            if scored.samples == before and shard is None:
                raise _nothing_scored(source, scored)
        if shard is not None and not scored.samples + scored.bad:
            written.write(scored.no_rows(any(of_images), len(sources) > 1))
    flagged = None if scored.threshold is None else scored.flagged
    return Summary(scored.samples, flagged, scored.bad, scored.first_bad)


def _is_of_images(source: str | os.PathLike) -> bool:
    return Path(source).is_dir() or Path(source).suffix.lower() in IMAGE_SUFFIXES


def _nothing_scored(source: str | os.PathLike, scored: Scored) -> ValueError:
    found = f"{scored.bad} that cannot, the first: {scored.first_bad}"
    return ValueError(
        f"{str(source)!r} must hold samples that can be scored. Received: "
        f"{found if scored.bad else 'none'}"
    )


class Scored:
    """Scores of the parts of a file as rows of a table, and how many there were.

    Args:
        trained: The model.
        calibration_scores: For p-values, sorted; None for no p-values.
        bad_rows: What to do about samples that cannot be scored, `"flag"` or `"skip"`.
        explainer: Names the columns that made a score; or None.

    Attributes:
        threshold: Score above which a sample is an anomaly, or None.
        samples: How many samples were scored.
        flagged: How many of them are anomalies.
        bad: How many could not be scored.
        first_bad: What was wrong with the first of them, in words.
    """

    def __init__(
        self,
        trained: Trained,
        calibration_scores: Any,
        bad_rows: str,
        explainer: Explainer | None = None,
    ):
        self.threshold = trained.threshold
        self.samples = self.flagged = self.bad = 0
        self.first_bad = ""
        self._model = trained.model
        self._ids = trained.sample_format.ids
        self._calibration_scores = calibration_scores
        self._bad_rows = bad_rows
        self._explainer = explainer

    def rows(self, part: NewSamples, file: str | None) -> ScoredRows:
        """Score a part.

        Args:
            part: The samples.
            file: What they come from, if that is a column of the output.
        """
        good = np.ones(len(part.names), bool) if part.bad is None else ~part.bad
        if part.first_bad and not self.first_bad:
            self.first_bad = part.first_bad if file is None else f"{file}: {part.first_bad}"
        x = part.x if good.all() else part.x[good]
        scores = self._model.score(x) if good.any() else np.zeros(0, "float32")
        decisions = None if self.threshold is None else scores > self.threshold
        self.samples += len(scores)
        self.bad += len(good) - len(scores)
        self.flagged += 0 if decisions is None else int(decisions.sum())
        found = self._named(part.names, part.ids, scores, decisions, file)
        if self._explainer is not None:
            found = found._replace(reasons=self._explainer.reasons(x) if len(scores) else [])
        if len(scores) == len(good):
            return found
        return _without(found, good) if self._bad_rows == "skip" else _beside_bad(found, good)

    def no_rows(self, of_images: bool, named: bool) -> ScoredRows:
        """The columns alone."""
        names = [] if of_images else RowNames.counted(0, 0)
        decisions = None if self.threshold is None else np.zeros(0, bool)
        ids = {name: [] for name in self._ids}
        file = "" if named and not of_images else None
        found = self._named(names, ids, np.zeros(0, "float32"), decisions, file)
        return found if self._explainer is None else found._replace(reasons=[])

    def _named(
        self,
        names: Sequence[str],
        ids: dict[str, list[Any]],
        scores: np.ndarray,
        decisions: np.ndarray | None,
        file: str | None,
    ) -> ScoredRows:
        numbers = {"score": scores}
        if self._calibration_scores is not None:
            numbers["p_value"] = p_values(self._calibration_scores, scores)
        name = "row" if isinstance(names, RowNames) else "file"
        return ScoredRows(file, name, names, ids, numbers, decisions)


def _without(rows: ScoredRows, good: np.ndarray) -> ScoredRows:
    """Leave out the names of the samples that have no scores."""
    if isinstance(rows.names, RowNames):
        names: Sequence[str] = RowNames(rows.names.numbers[good])
    else:
        names = list(compress(rows.names, good))
    ids = {name: list(compress(values, good)) for name, values in rows.ids.items()}
    return rows._replace(names=names, ids=ids)


def _beside_bad(rows: ScoredRows, good: np.ndarray) -> ScoredRows:
    """Put samples without scores between the others, as anomalies."""
    numbers = {}
    for name, values in rows.numbers.items():
        numbers[name] = np.full(len(good), np.nan, values.dtype)
        numbers[name][good] = values
    decisions = rows.decisions
    if decisions is not None:
        decisions = np.ones(len(good), bool)
        decisions[good] = rows.decisions
    reasons = rows.reasons
    if reasons is not None:
        texts = iter(reasons)
        reasons = [next(texts) if is_good else "" for is_good in good]
    return rows._replace(numbers=numbers, decisions=decisions, reasons=reasons)


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
