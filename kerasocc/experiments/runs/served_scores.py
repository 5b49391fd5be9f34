"""Scores of a file by a model on a running server."""

from __future__ import annotations

import contextlib
import csv
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from kerasocc.datasets.catalog import IMAGE_SUFFIXES
from kerasocc.datasets.columns.named_columns import NamedColumns
from kerasocc.datasets.dialect import Dialect
from kerasocc.datasets.readers.new_samples import NewSamples, read_new
from kerasocc.datasets.sample_format import SampleFormat
from kerasocc.experiments.runs.resumable_csv import ResumableCsv
from kerasocc.experiments.runs.summary import Summary
from kerasocc.files import errors_named
from kerasocc.serving.client import ServedModel
from kerasocc.serving.column_inputs import column_inputs
from kerasocc.serving.connections import Refused


class ServedSummary(NamedTuple):
    """How many samples have been scored and flagged.

    Attributes:
        total: The counts.
        continued: How many samples had been read when an interrupted output was continued.
    """

    total: Summary
    continued: int


def score_through(
    served: ServedModel,
    source: str | os.PathLike,
    sample_format: SampleFormat,
    output: str | os.PathLike | None = None,
    *,
    made_of: dict[str, Any] | None = None,
    unreadable: str = "error",
    with_p_values: bool = False,
    dialect: Dialect | None = None,
    bad_rows: str = "error",
) -> ServedSummary:
    """Score the samples of a file through a server and write CSV, in constant memory.

    The columns are those of `file_scores.score_file`. Without bad input what has been written
    is kept if the work is interrupted, beside `output`, and continued by the next call with the
    same arguments.

    Args:
        served: The model.
        source: See `datasets.readers.new_samples.read_new`.
        sample_format: How the samples are read.
        output: File to write, completely or not at all; None for standard output.
        made_of: What the scores are made of, beside the arguments: see `ResumableCsv`.
        unreadable: See `datasets.readers.new_samples.read_new`.
        with_p_values: Whether to write p-values.
        dialect: See `datasets.readers.new_samples.read_new`.
        bad_rows: See `file_scores.score_file`.

    Raises:
        ValueError: If the file does not hold samples that the model takes, or none that can be
            scored, or the model has no p-values.
        OSError: If a file cannot be read or written, or the server refuses samples or does not
            answer.
    """
    parts = read_new(
        source,
        sample_format,
        unreadable=unreadable,
        dialect=dialect,
        bad_rows="error" if bad_rows == "error" else "mark",
    )
    of_files = Path(source).is_dir() or Path(source).suffix.lower() in IMAGE_SUFFIXES
    names = ["file" if of_files else "row", *sample_format.ids]
    columns = _columns(served.description.outputs, with_p_values)
    with _opened(output, {**(made_of or {}), "columns": names + columns}) as table:
        writing = _Writing(table, names, columns, bad_rows)
        if writing.version is not None:
            served.expect_version(writing.version)
        pieces = _without(_pieces(parts, served.rows), writing, str(source))
        scoring = served.in_order(pieces, lambda piece: _outputs(served, piece))
        with contextlib.closing(scoring):
            for _, (piece, outputs) in scoring:
                if piece.bad is not None and bad_rows == "error":
                    raise ValueError(f"{str(source)!r}: {piece.first_bad}")
                writing.write(piece, outputs, served.description.version)
        summary = ServedSummary(writing.total, writing.continued)
        total = summary.total
        if not total.samples:
            found = f"{total.bad} that cannot, the first: {total.first_bad}"
            raise ValueError(
                f"{str(source)!r} must hold samples that can be scored. Received: "
                f"{found if total.bad else 'none'}"
            )
    return summary


def _pieces(parts: Iterator[NewSamples], rows: int) -> Iterator[NewSamples]:
    """The same samples in pieces of at most so many rows."""
    for part in parts:
        for start in range(0, len(part.names), rows):
            chosen = slice(start, start + rows)
            yield part._replace(
                names=list(part.names[chosen]),
                x=part.x[chosen],
                bad=None if part.bad is None else part.bad[chosen],
                ids={name: values[chosen] for name, values in part.ids.items()},
            )


def _without(pieces: Iterator[NewSamples], writing: _Writing, source: str) -> Iterator[NewSamples]:
    """The pieces behind those that an interrupted output has the scores of."""
    left = writing.read
    for piece in pieces:
        if left <= 0:
            yield piece
            continue
        left -= len(piece.names)
        if left < 0 or (left == 0 and str(piece.names[-1]) != writing.last):
            raise ValueError(
                f"{source!r} must hold the samples that the output was begun with. Received: "
                f"{str(piece.names[-1])!r} in place of {writing.last!r}"
            )


Outputs = dict[str, np.ndarray] | None
"""Of the samples of a piece that are not bad; None if there are none."""


def _outputs(served: ServedModel, piece: NewSamples) -> tuple[NewSamples, Outputs]:
    """The outputs for a piece, and the piece with what cannot be scored marked."""
    try:
        if isinstance(piece.x, NamedColumns):
            return _outputs_of_columns(served, piece)
        x = piece.x if piece.bad is None else piece.x[~piece.bad]
        return piece, served.predict_block(x) if len(x) else None
    except Refused as error:
        place = f"{piece.names[0]} to {piece.names[-1]}"
        raise Refused(f"Samples {place} are refused: {error}") from error


def _outputs_of_columns(served: ServedModel, piece: NewSamples) -> tuple[NewSamples, Outputs]:
    inputs = column_inputs(piece.x, served.description.column_inputs)
    bad, outputs = inputs.bad.copy(), None
    if not bad.all():
        outputs = served.predict_columns(inputs.take(~bad))
        # What is missing and not replaced by the model has a score that is no number.
        finite = np.isfinite(outputs["score"].astype(float))
        bad[np.flatnonzero(~bad)[~finite]] = True
        outputs = (
            {name: values[finite] for name, values in outputs.items()} if finite.any() else None
        )
    if not bad.any():
        return piece, outputs
    first = int(bad.argmax())
    what = "a number that is none, or too large," if inputs.bad[first] else "a missing value"
    return piece._replace(bad=bad, first_bad=f"{what} in row {piece.names[first]}"), outputs


def _columns(outputs: tuple[str, ...], with_p_values: bool) -> list[str]:
    if with_p_values and "p_value" not in outputs:
        raise ValueError(
            "`--p-values` needs a served model with the output 'p_value', which one has whose "
            f"threshold was set on held-out samples. Received: outputs {sorted(outputs)}"
        )
    wanted = ["score", *["p_value"] * with_p_values, "is_anomaly"]
    return [name for name in wanted if name in outputs]


class _Writing:
    """Writes scores, and counts them.

    Args:
        table: What to write to.
        names: Names of the columns that say which sample a row is of.
        columns: Names of those that say what was found of it.
        bad_rows: What to do about samples that cannot be scored, `"flag"` or `"skip"`.

    Attributes:
        continued: How many samples had been read before.
        read: How many samples have been read.
        last: Name of the last of them.
        version: Version of the model that scored them; None where the server does not say.
        total: How many were scored and flagged.
    """

    def __init__(
        self, table: _Plain | ResumableCsv, names: list[str], columns: list[str], bad_rows: str
    ):
        self._table, self._columns, self._bad_rows = table, columns, bad_rows
        counts = table.counts or {"read": 0, "last": None, "version": None, "summary": ()}
        self.read, self.last, self.version = counts["read"], counts["last"], counts["version"]
        self.total, self.continued = Summary(*counts["summary"]), self.read
        self._header = [] if table.counts else [[*names, *columns]]

    def write(self, piece: NewSamples, outputs: Any, version: str | None) -> None:
        """Write the scores of a piece; `outputs` is None if it has no sample that can be scored."""
        rows = [*self._header, *self._rows(piece, outputs)]
        self._header = []
        self.read, self.last = self.read + len(piece.names), str(piece.names[-1])
        names = dict(last=self.last, version=version)
        self._table.write(rows, dict(read=self.read, **names, summary=self.total))

    def _rows(self, piece: NewSamples, outputs: Any) -> list[tuple[Any, ...]]:
        columns = self._columns
        bad = np.zeros(len(piece.names), bool) if piece.bad is None else piece.bad
        scored = iter(()) if outputs is None else zip(*_texts(outputs, columns), strict=True)
        self._count(piece, outputs, bad)
        instead = [1 if name == "is_anomaly" else "" for name in columns]
        named = zip(piece.names, *piece.ids.values(), strict=True)
        rows = []
        for names, is_bad in zip(named, bad.tolist(), strict=True):
            if not is_bad:
                rows.append((*names, *next(scored)))
            elif self._bad_rows == "flag":
                rows.append((*names, *instead))
        return rows

    def _count(self, piece: NewSamples, outputs: Any, bad: np.ndarray) -> None:
        before = self.total
        flagged = before.flagged
        if outputs is not None and "is_anomaly" in self._columns:
            flagged = (flagged or 0) + int(np.asarray(outputs["is_anomaly"], bool).sum())
        self.total = before._replace(
            samples=before.samples + int((~bad).sum()),
            flagged=flagged,
            bad=before.bad + int(bad.sum()),
            first_bad=before.first_bad or piece.first_bad,
        )


def _texts(outputs: dict[str, np.ndarray], columns: list[str]) -> Iterator[list[Any]]:
    for name in columns:
        values = outputs[name]
        if name == "is_anomaly":
            yield values.astype(bool).astype(int).tolist()
        elif name == "score":
            yield list(map(repr, values.astype("float32").astype(float).tolist()))
        else:
            yield list(map(repr, values.astype(float).tolist()))


class _Plain:
    """A table on standard output."""

    counts = None

    def __init__(self):
        self._table = csv.writer(sys.stdout, lineterminator="\n")

    def write(self, rows: list[Any], counts: Any) -> None:
        self._table.writerows(rows)


@contextlib.contextmanager
def _opened(
    output: str | os.PathLike | None, made_of: dict[str, Any]
) -> Iterator[_Plain | ResumableCsv]:
    if output is None:
        with errors_named("standard output"):
            yield _Plain()
            sys.stdout.flush()
        return
    table = ResumableCsv(output, made_of)
    try:
        yield table
    except ValueError:
        # The same input would fail again.
        table.discard()
        raise
    except BaseException:
        table.keep()
        raise
    table.finish()
