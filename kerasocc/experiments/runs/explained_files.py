"""Explanations of the samples of a file: arrays, pictures, and tables of contributions."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from kerasocc.datasets.columns.named_columns import NamedColumns
from kerasocc.datasets.dialect import Dialect
from kerasocc.datasets.readers.named_tables import dialect_of_new, place_of
from kerasocc.datasets.readers.new_samples import read_new
from kerasocc.experiments.runs.trained import Trained
from kerasocc.files import complete_or_absent, printable

ARRAYS = ".npz"
PICTURES = (".png", ".svg", ".pdf")
SHOWN = 8
"""Most images of a picture."""


class Explained(NamedTuple):
    """Some samples of a file with their explanations.

    Attributes:
        names: Rows or files.
        x: The samples.
        scores: Shape `(samples,)`.
        contributions: As `model.explain` returns them.
        reasons: For rows the columns that raised the score most, in words; else None.
    """

    names: list[str]
    x: Any
    scores: np.ndarray
    contributions: np.ndarray
    reasons: list[str] | None


def explained(
    trained: Trained,
    source: str | os.PathLike,
    method: str | None = None,
    *,
    top: int = 3,
    unreadable: str = "error",
    dialect: Dialect | None = None,
) -> Iterator[Explained]:
    """Explain the scores of a file part by part, in constant memory.

    Args:
        trained: The model.
        source: See `datasets.readers.new_samples.read_new`.
        method: As `model.explain` takes it.
        top: How many columns are named of a row.
        unreadable: See `read_new`.
        dialect: See `read_new`.

    Raises:
        ValueError: If the file does not hold samples that the model takes.
    """
    explainer = trained.explainer(method, top=top)
    reading = dict(unreadable=unreadable, dialect=dialect)
    for part in read_new(source, trained.sample_format, **reading):
        if isinstance(part.x, NamedColumns):
            _check(trained, part, Path(source), dialect)
        contributions = explainer.contributions(part.x)
        reasons = explainer.in_words(contributions) if contributions.ndim == 2 else None
        scores = trained.model.score(part.x)
        yield Explained(list(part.names), part.x, scores, contributions, reasons)


def _check(trained: Trained, part: Any, path: Path, dialect: Dialect | None) -> None:
    bad = trained.model.table_features.find_bad(part.x)
    if bad is not None:
        found = dialect_of_new(path, trained.sample_format, dialect)
        place = place_of(path, found, int(part.names[bad.first_row]))
        raise ValueError(f"{str(path)!r}: {bad.message(place)}")


def write_arrays(path: Path, parts: list[Explained], columns: list[str] | None) -> None:
    """Write `.npz`: `name`, `score`, `contributions`, and the names of the `columns` of rows.

    Args:
        path: The file.
        parts: What `explained` yielded.
        columns: Names of the columns; None for images.
    """
    arrays = {
        "name": np.array([printable(name) for part in parts for name in part.names]),
        "score": np.concatenate([part.scores for part in parts]),
        "contributions": np.concatenate([part.contributions for part in parts]),
    }
    if columns is not None:
        arrays["columns"] = np.array([printable(name) for name in columns])
    with complete_or_absent(path) as temporary, open(temporary, "wb") as file:
        np.savez_compressed(file, **arrays)


def write_table(stream: Any, parts: Iterator[Explained], columns: list[str]) -> int:
    """Write CSV of row, score, the columns that raised it most, and all contributions.

    Args:
        stream: Text file.
        parts: What `explained` yields.
        columns: Names of the columns.

    Returns:
        How many rows were written.
    """
    table = csv.writer(stream, lineterminator="\n")
    table.writerow(["row", "score", "because", *(f"contribution of {name}" for name in columns)])
    count = 0
    for part in parts:
        rows = zip(part.names, part.scores, part.reasons, part.contributions, strict=True)
        for name, score, reason, contributions in rows:
            numbers = map(repr, contributions.astype(float).tolist())
            table.writerow([name, repr(float(score)), reason, *numbers])
        count += len(part.names)
    return count


def write_picture(path: Path, parts: list[Explained]) -> None:
    """Draw the images with the largest scores above their heat maps.

    Args:
        path: The file; its suffix tells the format.
        parts: What `explained` yielded, of images.
    """
    from kerasocc.plots.heat_maps import plot_heat_maps

    scores = np.concatenate([part.scores for part in parts])
    chosen = np.argsort(-scores, kind="stable")[:SHOWN]
    names = [name for part in parts for name in part.names]
    figure = plot_heat_maps(
        np.concatenate([np.asarray(part.x) for part in parts])[chosen],
        np.concatenate([part.contributions for part in parts])[chosen],
        scores[chosen],
        names=[Path(names[index]).name for index in chosen],
    )
    with complete_or_absent(path) as temporary:
        figure.savefig(temporary, format=path.suffix[1:])
