"""Tables with text, dates and categories: their columns as they are, with anomaly labels."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from kerasocc.datasets.catalog import DataSource, resolve_table, table_suffix
from kerasocc.datasets.columns.choice import OPTIONS, ColumnChoice
from kerasocc.datasets.columns.named_columns import (
    NamedColumns,
    is_missing,
    is_tabular,
    named_columns,
)
from kerasocc.datasets.columns.values import is_nothing
from kerasocc.datasets.dialect import Dialect
from kerasocc.datasets.field_names import NO_LABEL, find_label_name
from kerasocc.datasets.readers import named_tables
from kerasocc.datasets.readers.blocks import Selection
from kerasocc.datasets.readers.labelled_tables import checked_labels
from kerasocc.datasets.readers.named_columns import find_columns, labels_in
from kerasocc.datasets.readers.named_tables import find_dialect, place_of, read_frame, read_frames
from kerasocc.datasets.readers.text_numbers import MISSING, parse_numbers, typed_labels

FRAME = "frame"
"""Name of a table that is passed as a data frame or a dict of columns."""


class RawTable(NamedTuple):
    """A table whose columns are not yet features.

    Attributes:
        name: Its name.
        shown: What it is called in errors.
        columns: All columns but the labels.
        y: 0 normal, 1 anomaly, shape `(rows,)`.
        label: Name of the label column, None without.
        labelled: Whether there are labels; without them all rows are taken for normal.
        dialect: How a text file is written; None for others.
        path: The file, None for frames.
    """

    name: str
    shown: str
    columns: NamedColumns
    y: np.ndarray
    label: str | None
    labelled: bool
    dialect: Dialect | None = None
    path: Path | None = None

    def place(self, row: int) -> str:
        """Return where a row stands, in words."""
        return f"row {row}" if self.path is None else place_of(self.path, self.dialect, row)


def holds_raw_columns(
    source: Any, label: str | None, data_dir: str | os.PathLike | None, **dialect: Any
) -> bool:
    """Return whether a source has columns with names, some of which are no numbers.

    Frames and dicts always do; of a file the first block of rows tells.

    Args:
        source: As for `tabular`.
        label: Name of the label column, or None.
        data_dir: Folder in which names are looked up.
        **dialect: Options of `Dialect`.
    """
    if is_tabular(source) or _is_pair_of_table(source):
        return True
    if not isinstance(source, (str, os.PathLike, DataSource)):
        return False
    path = resolve_table(source, data_dir).path
    if table_suffix(path) not in named_tables.SUFFIXES:
        return False
    found = find_dialect(path, Dialect(**dialect))
    for frame in read_frames(path, found):
        names = list(frame.columns)
        label = find_label_name(label, names, path, optional=True) if label != NO_LABEL else None
        columns = named_columns(frame.drop(columns=[] if label is None else [label])).columns
        return any(c.dtype.kind != "f" and not is_missing(c).all() for c in columns.values())
    return False


def check_columns(
    source: DataSource, choice: ColumnChoice, label: str | None, **dialect: Any
) -> None:
    """Look for columns that were named by the header of a file, without reading the rows.

    Args:
        source: A table; nothing is looked for in one without names of columns.
        choice: Names of columns.
        label: Name of the label column, or None.
        **dialect: Options of `Dialect`.

    Raises:
        ValueError: If there is no such column, as `read_raw` raises it.
    """
    path = source.path
    if not path.is_file() or table_suffix(path) not in named_tables.SUFFIXES:
        return
    found = find_dialect(path, Dialect(**dialect))
    names = list(next(read_frames(path, found, 1)).columns)
    selection = Selection(label=label, dialect=found, optional=label is None)
    of_labels = selection.find_label(names, path)
    choice.features([name for name in names if name != of_labels], repr(str(path)))


def read_raw(
    source: Any,
    *,
    label: str | None,
    normal_class: Any,
    data_dir: str | os.PathLike | None = None,
    optional: bool = False,
    as_text: tuple[str, ...] = (),
    **dialect: Any,
) -> RawTable:
    """Read a table with its labels, held in memory.

    Args:
        source: Path or name of a table with named columns, a data frame or a dict of columns, or
            a pair of one of these and labels, shape `(rows,)`.
        label: Name of the label column; None for one of `LABEL_NAMES`.
        normal_class: The label of normal rows, None for 0.
        data_dir: Folder in which names are looked up.
        optional: Whether a table without labels is taken, all rows normal.
        as_text: Names of columns of a text file whose cells stay as they are written.
        **dialect: Options of `Dialect`.

    Raises:
        FileNotFoundError: If there is no such table.
        ValueError: If it cannot be read, has no named columns, or labels that do not fit.
    """
    if isinstance(source, (str, os.PathLike, DataSource)):
        found = resolve_table(source, data_dir)
        return _read_file(found, label, normal_class, optional, as_text, **dialect)
    for name, value in Dialect(**dialect).options.items():
        raise ValueError(
            f"`{name}` must be left out: it says how a file is written. Received: {name}={value!r}"
        )
    table, labels = source if _is_pair_of_table(source) else (source, None)
    columns = named_columns(table, "source")
    if not len(columns):
        raise ValueError("`source` must hold rows. Received: a table without any")
    if labels is None and label != NO_LABEL:
        label = find_label_name(label, columns.names, Path("source"), optional=optional)
        if label is not None:
            labels = table[label]
            columns = columns.without([label])
    if labels is None:
        return RawTable(FRAME, "`source`", columns, np.zeros(len(columns), "int64"), None, False)
    y = checked_labels(_plain_labels(labels, len(columns)), normal_class, "source")
    return RawTable(FRAME, "`source`", columns, y, label, True)


def raw_blocks(
    path: Path, wanted: list[str], selection: Selection, text: Collection[str] = ()
) -> Iterator[tuple[NamedColumns, np.ndarray | None]]:
    """Read columns of a file in blocks, with labels where the selection reads them.

    Args:
        path: The file.
        wanted: Names of the columns.
        selection: Says how the file is written and what labels are read.
        text: Names of columns whose cells are text, even where they look like numbers.

    Raises:
        ValueError: If the file cannot be read or lacks a column.
    """
    if table_suffix(path) not in named_tables.SUFFIXES:
        raise ValueError(
            f"{str(path)!r} must have named columns, as the training data: one of "
            f"{list(named_tables.SUFFIXES)}. Received: {path.suffix or 'no suffix'}"
        )
    dialect = selection.dialect
    label = None
    if selection.reads_labels:
        label = selection.find_label(next(read_frames(path, dialect, 1)).columns, path)
    as_text = [name for name in (label, *text) if name is not None]
    for frame in read_frames(path, dialect, as_text=as_text):
        find_columns(list(frame.columns), wanted, path, dialect)
        labels = None if label is None else labels_in(frame[label], path, dialect)
        columns = frame[wanted]
        if dialect is not None:
            columns = _with_numbers(columns, [name for name in wanted if name not in text], dialect)
        yield _raw_columns(columns, text, dialect), labels


def _with_numbers(frame: Any, names: Iterable[str], dialect: Dialect) -> Any:
    """Turn the numbers among the texts of columns to numbers: one cell of text makes no others bad.

    A column of a text file is read as text where one of its cells is.
    """
    for name in names:
        if frame[name].dtype != object:
            continue
        cells = frame[name].to_numpy(object)
        numbers, _ = parse_numbers(cells, dialect.decimal or ".", dialect.thousands or "")
        frame = frame.assign(**{name: np.where(np.isnan(numbers), cells, numbers.astype(object))})
    return frame


def _read_file(
    source: DataSource,
    label: str | None,
    normal_class: Any,
    optional: bool,
    as_text: tuple[str, ...],
    **dialect: Any,
) -> RawTable:
    path = source.path
    if table_suffix(path) not in named_tables.SUFFIXES:
        raise ValueError(
            f"{', '.join(f'`{name}`' for name in OPTIONS)} must be left out: "
            f"{str(path)!r} has no named columns, as files of {list(named_tables.SUFFIXES)} have. "
            "Received: one of them"
        )
    found = find_dialect(path, Dialect(**dialect))
    selection = Selection(label=label, dialect=found, optional=optional)
    names = next(read_frames(path, found, 1)).columns
    label = selection.find_label(names, path)
    text = [name for name in (label, *as_text) if name in names]
    frame = read_frame(path, found, text)
    shown = repr(str(path))
    columns = _raw_columns(frame.drop(columns=[] if label is None else [label]), as_text, found)
    if not len(frame) or not columns.columns:
        raise ValueError(
            f"{shown} must hold a table, rows and columns. Received: shape "
            f"{(len(frame), len(columns.columns))}"
        )
    if label is None:
        y = np.zeros(len(frame), "int64")
        return RawTable(source.name, shown, columns, y, None, False, found, path)
    labels = typed_labels([labels_in(frame[label], path, found)])
    y = checked_labels(labels, normal_class, path)
    return RawTable(source.name, shown, columns, y, label, True, found, path)


def _raw_columns(frame: Any, text: Collection[str], dialect: Dialect | None) -> NamedColumns:
    for name in text if dialect is not None else ():
        if name in frame.columns:
            frame = frame.assign(**{name: frame[name].mask(frame[name].isin(MISSING))})
    return named_columns(frame, "source")


def _is_pair_of_table(source: Any) -> bool:
    return isinstance(source, (tuple, list)) and len(source) == 2 and is_tabular(source[0])


def _plain_labels(labels: Any, rows: int) -> np.ndarray:
    """Labels of a frame as an array of numbers, booleans or text, shape `(rows,)`."""
    array = np.asarray(labels.to_numpy() if hasattr(labels, "to_numpy") else labels)
    if array.shape != (rows,):
        raise ValueError(
            f"`source` must have a label for each of its {rows} rows. Received: labels of shape "
            f"{array.shape}"
        )
    if array.dtype.kind == "f" and np.isnan(array).any():
        array = array.astype(object)
    if array.dtype.kind == "O":
        missing = np.array([is_nothing(value) for value in array])
        if missing.any():
            raise ValueError(
                f"`source` must label every row. Received: no label in row {int(missing.argmax())}"
            )
        if all(isinstance(value, (bool, np.bool_)) for value in array):
            return array.astype(bool)
        if all(isinstance(value, (int, float, np.number)) for value in array):
            return array.astype("float64")
    return array
