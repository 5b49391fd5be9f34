"""From the named columns of a table to the numbers and labels of a model."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from kerasocc.datasets.dialect import Dialect
from kerasocc.datasets.readers.blocks import Block, Selection
from kerasocc.datasets.readers.named_tables import find_dialect, place_of, read_frames
from kerasocc.datasets.readers.text_numbers import MISSING, parse_numbers


def read_columns(path: Path, selection: Selection, rows: int) -> Iterator[Block]:
    """Read the columns of a table in blocks of at most `rows` rows; see `read_blocks`."""
    dialect = selection.dialect or find_dialect(path, columns=selection.columns)
    has_names = dialect is None or dialect.header
    label = None
    if selection.reads_labels and dialect is not None:
        label = selection.find_label(next(read_frames(path, dialect, 1)).columns, path)
    for frame in read_frames(path, dialect, rows, () if label is None else (label,)):
        label = selection.find_label(frame.columns, path)
        features = frame.drop(columns=[] if label is None else [label])
        if selection.columns is not None:
            chosen = find_columns(list(frame.columns), selection.columns, path, dialect)
            features = frame[chosen]
        x, wrong = _numbers(features, path, dialect)
        if wrong is not None and not selection.tolerant:
            _refuse_wrong(features, wrong, path, dialect)
        if x.size == 0:
            raise ValueError(
                f"{str(path)!r} must hold a table of numbers, rows and columns. "
                f"Received: shape {x.shape}"
            )
        labels = None if label is None else labels_in(frame[label], path, dialect)
        names = tuple(map(str, features.columns))
        # By the positions of its columns a file without names is read again, by all of them
        # if there are no labels among them.
        is_whole = not has_names and len(names) == len(frame.columns)
        yield Block(x, labels, None if is_whole else names, wrong)


def find_columns(
    available: list[str], wanted: Sequence[str], path: Path, dialect: Dialect | None
) -> list[str]:
    """Return which columns of a file the model takes.

    Args:
        available: Names, or positions as text, of the columns of the file.
        wanted: Names of the columns that the model was trained on, or their positions.
        path: The file.
        dialect: What `find_dialect` returned.

    Raises:
        ValueError: If there are columns missing, or a file without names has another number
            of them.
    """
    by_position = dialect is not None and dialect.header is False
    if by_position and len(available) == len(wanted):
        return available
    absent = [name for name in wanted if name not in available]
    known = all(name.isdecimal() for name in wanted)
    if by_position and (absent or not known or len(available) != dialect.width):
        raise ValueError(
            f"{str(path)!r} must have the {len(wanted)} columns that the model was trained on, in "
            f"their order, since it has no header. Received: {len(available)} columns"
        )
    if absent:
        hint = ""
        if dialect is not None and dialect.separator is not None:
            shown = {"\t": "tab", " ": "space"}.get(dialect.separator, dialect.separator)
            hint = (
                f" (read with separator={shown!r}, encoding={dialect.encoding or 'utf-8'!r}, header"
            )
            hint += f"={dialect.header})"
        raise ValueError(
            f"{str(path)!r} must have the columns that the model was trained on. "
            f"Received: no column {absent[:10]} among {available[:20]}{hint}"
        )
    return list(wanted)


def _numbers(
    features: Any, path: Path, dialect: Dialect | None
) -> tuple[np.ndarray, np.ndarray | None]:
    """Convert columns to float64, shape `(rows, columns)`, and mark what is no number."""
    import pandas

    if not len(features.columns):
        return np.empty((len(features), 0)), None
    columns, masks = [], []
    for name in features.columns:
        column = features[name]
        if column.dtype.kind == "M":
            # Its nanoseconds since 1970 are no measurement that anybody meant.
            numbers, wrong = np.full(len(column), np.nan), column.notna().to_numpy()
        elif dialect is not None and column.dtype == object:
            numbers, wrong = parse_numbers(column, dialect.decimal, dialect.thousands)
        else:
            converted = pandas.to_numeric(column, errors="coerce")
            numbers = converted.to_numpy(dtype="float64", na_value=np.nan)
            wrong = (converted.isna() & column.notna()).to_numpy()
        columns.append(numbers)
        masks.append(wrong)
    mask = np.stack(masks, axis=1)
    return np.stack(columns, axis=1), mask if mask.any() else None


def _refuse_wrong(features: Any, wrong: np.ndarray, path: Path, dialect: Dialect | None) -> None:
    row, column = (int(i) for i in np.argwhere(wrong)[0])
    place = place_of(path, dialect, int(features.index[row]))
    raise ValueError(
        f"{str(path)!r} must hold numbers. Received: {features.iloc[row, column]!r} in {place}, "
        f"column {features.columns[column]!r}"
    )


def labels_in(column: Any, path: Path, dialect: Dialect | None) -> np.ndarray:
    """Return the labels in a column, shape `(rows,)`; raise `ValueError` for missing ones."""
    column = column.mask(column.isin(MISSING)) if dialect is not None else column
    missing = column.isna().to_numpy()
    if missing.any():
        place = place_of(path, dialect, int(column.index[int(np.argmax(missing))]))
        raise ValueError(
            f"{str(path)!r} must label every row. Received: no label in {place}, "
            f"column {column.name!r}"
        )
    return column.to_numpy()
