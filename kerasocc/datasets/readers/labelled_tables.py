"""Tables with anomaly labels, from files and arrays."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from kerasocc.datasets.catalog import DataSource, resolve_table
from kerasocc.datasets.columns.values import unmasked
from kerasocc.datasets.dialect import Dialect
from kerasocc.datasets.readers.blocks import Selection
from kerasocc.datasets.readers.missing_values import BEYOND, refuse_missing
from kerasocc.datasets.readers.named_tables import find_dialect, place_of
from kerasocc.datasets.readers.table_files import read_blocks
from kerasocc.datasets.readers.text_numbers import typed_labels
from kerasocc.datasets.sample_format import ARRAYS, TABLE, SampleFormat
from kerasocc.datasets.storage.precision import loses_in_float32
from kerasocc.datasets.storage.rows import Rows, as_rows, is_lazy
from kerasocc.datasets.storage.spooling import spool

BOOLEANS = {"false": False, "no": False, "off": False, "true": True, "yes": True, "on": True}
BOOLEANS |= {"0": False, "1": True}
"""Booleans as text, those of YAML and numbers."""
FROM_ARRAYS = "arrays"
"""Name of a table that is passed as arrays."""


class Table(NamedTuple):
    """A table with anomaly labels.

    Attributes:
        x: Shape `(rows, columns)`, missing values as NaN; float32, or float64 if that loses
            what distinguishes the rows.
        y: 0 normal, 1 anomaly, shape `(rows,)`.
        columns: Names of the columns, None if the file has none.
        dialect: How a text file is written, None for other sources.
        path: The file, None for arrays.
        labelled: Whether there are labels; without them all rows are taken for normal.
    """

    x: np.ndarray | Rows
    y: np.ndarray
    columns: tuple[str, ...] | None
    dialect: Dialect | None = None
    path: Path | None = None
    labelled: bool = True


def check_values(name: str, table: Table, missing: str) -> None:
    """Raise `ValueError` for values that a model does not take; names the place of the first.

    Args:
        name: Name of the table.
        table: The table.
        missing: `"error"`, or `"median"` if missing values will be filled.
    """
    options: dict[str, Any] = {"columns": table.columns}
    if table.path is not None:
        name = str(table.path)
        options["place"] = partial(place_of, table.path, table.dialect)
    if missing == "error":
        refuse_missing(name, table.x, **options)
    else:
        refuse_missing(name, table.x, hint=BEYOND, only_infinite=True, **options)


def load_table(
    source: str | os.PathLike | DataSource | tuple[Any, Any],
    *,
    label: str | None = None,
    normal_class: Any = None,
    data_dir: str | os.PathLike | None = None,
    optional: bool = False,
    **dialect: Any,
) -> tuple[str, Table]:
    """Load a table; see `tabular` for the other arguments.

    Args:
        source: A name, a path or arrays.
        label: Name of the label column.
        normal_class: The label of normal rows.
        data_dir: Folder in which names are looked up.
        optional: Whether a table without labels is taken, all rows normal.
        **dialect: Options of `Dialect`.

    Returns:
        Name of the table, and the table.

    Raises:
        FileNotFoundError: If there is no such table.
        ValueError: If it is not a table, or its labels do not fit `normal_class`.
    """
    if isinstance(source, (str, os.PathLike, DataSource)):
        source = resolve_table(source, data_dir)
        options = dict(label=label, normal_class=normal_class, optional=optional)
        return source.name, read_table(source.path, **options, **dialect)
    for name, value in Dialect(**dialect).options.items():
        raise ValueError(
            f"`{name}` must be left out: it says how a file is written. Received: {name}={value!r}"
        )
    if optional and isinstance(source, (np.ndarray, Rows)):
        x = _as_numbers(source)
        if x.ndim != 2:
            raise ValueError(
                f"`source` must be a table, of shape (rows, columns). Received: shape {x.shape}"
            )
        zeros = np.zeros(len(x), "int64")
        return FROM_ARRAYS, Table(_in_one_dtype(x), zeros, None, labelled=False)
    if not isinstance(source, (tuple, list)) or len(source) != 2:
        raise ValueError(
            "`source` must be a path, a name or a pair of arrays `(x, y)`. "
            f"Received: {type(source).__name__}"
        )
    x, labels = _as_numbers(source[0]), np.asarray(source[1])
    fits = x.ndim == 2 and labels.shape == (len(x),)
    y = anomaly_labels(labels, normal_class) if fits else None
    if y is None:
        raise ValueError(
            "`source` must be `(x, y)` of shapes (rows, columns) and (rows,), y 0 normal and 1 "
            f"anomaly (or some of them `normal_class`). Received: shapes {x.shape} and "
            f"{labels.shape}, normal_class={normal_class!r}"
        )
    return FROM_ARRAYS, Table(_in_one_dtype(x), y, None)


def _as_numbers(x: Any) -> np.ndarray | Rows:
    try:
        rows = as_rows(unmasked(x))
    except ValueError as error:
        raise ValueError(
            "`source` must hold rows of one length. Received: lists of unequal length"
        ) from error
    if rows.dtype == object:
        # Numbers of Python, None for what is missing.
        with contextlib.suppress(TypeError, ValueError):
            rows = rows.astype("float64")
    if rows.dtype.kind not in "biuf":
        raise ValueError(f"`source` must hold numbers. Received: an array of dtype {rows.dtype}")
    return rows


def _in_one_dtype(x: np.ndarray | Rows) -> np.ndarray | Rows:
    """Cast an array in memory to float32, or to float64 if that would lose what it tells."""
    if is_lazy(x):
        return x
    return x.astype("float64" if loses_in_float32(x) else "float32")


def table_format(
    name: str, table: Table, fill: np.ndarray | None, normal_class: Any
) -> SampleFormat:
    """Return the format of new rows.

    Args:
        name: Name of the table.
        table: The table.
        fill: Replacements of missing values, shape `(columns,)`; None if there are
            none.
        normal_class: The label of normal rows, None for 0.
    """
    return SampleFormat(
        kind=ARRAYS if name == FROM_ARRAYS else TABLE,
        shape=tuple(table.x.shape[1:]),
        columns=table.columns,
        fill=None if fill is None else tuple(fill.tolist()),
        normal_class=None if normal_class is None else str(normal_class),
        dialect=table.dialect,
    )


def read_table(
    path: str | os.PathLike,
    *,
    label: str | None = None,
    normal_class: Any = None,
    optional: bool = False,
    **dialect: Any,
) -> Table:
    """Read samples and their labels.

    Args:
        path: The file; if it does not fit into memory, it is copied to a temporary file.
        label: Name of the label column or array; default one of
            `field_names.LABEL_NAMES`; `"none"` for a table without labels.
        normal_class: The label of normal rows, all others are anomalies; None
            for labels that are 0 (normal) and 1 (anomaly).
        optional: Whether a table without labels is taken, all rows normal.
        **dialect: Options of `Dialect`, where what is detected in a text file is wrong.

    Raises:
        ValueError: If the file cannot be read or is not a table of numbers with labels;
            names row and column.
    """
    path = Path(path)
    found = find_dialect(path, Dialect(**dialect))
    labels: list[np.ndarray] = []
    columns, is_lossy = None, False
    selection = Selection(label=label, dialect=found, optional=optional)

    def samples(dtype: str) -> Iterator[np.ndarray]:
        nonlocal columns, is_lossy
        labels.clear()
        for block in read_blocks(path, selection):
            if block.labels is not None:
                labels.append(block.labels)
            columns = block.columns
            is_lossy = is_lossy or loses_in_float32(block.x)
            with np.errstate(over="ignore"):
                yield block.x.astype(dtype)

    x = spool(samples("float32"))
    if is_lossy:
        # Read again: other tables need not be held in twice the memory.
        x = spool(samples("float64"))
    if not labels:
        # Without labels all rows count as normal.
        return Table(x, np.zeros(len(x), "int64"), columns, found, path, labelled=False)
    y = checked_labels(typed_labels(labels), normal_class, path)
    return Table(x, y, columns, found, path)


def anomaly_labels(labels: np.ndarray, normal_class: Any) -> np.ndarray | None:
    """Convert labels to 0, where they are `normal_class` (None: 0), and 1 elsewhere.

    Returns:
        Shape `(rows,)`, int64; None if `normal_class` is None and the labels are not 0
        and 1, or if no label is `normal_class`.
    """
    if normal_class is None:
        values = set(np.unique(labels).tolist()) if labels.dtype.kind in "biuf" else None
        return labels.astype("int64") if values is not None and values <= {0, 1} else None
    # The command line may pass numbers as text, and the reverse.
    normal = labels.astype(str) == str(normal_class)
    truth = _as_boolean(normal_class)
    if not normal.any() and truth is not None and (labels.dtype.kind not in "iuf"):
        # Python, YAML and tables write booleans differently.
        normal = np.array([_as_boolean(label) is truth for label in labels.tolist()])
    elif labels.dtype.kind in "iuf":
        try:
            normal = labels == float(normal_class)
        except ValueError:
            return None
    return np.where(normal, 0, 1) if normal.any() else None


def _as_boolean(label: Any) -> bool | None:
    if isinstance(label, (bool, np.bool_)) or (isinstance(label, (int, float)) and label in (0, 1)):
        return bool(label)
    return BOOLEANS.get(str(label).lower())


def checked_labels(labels: np.ndarray, normal_class: Any, path: str | os.PathLike) -> np.ndarray:
    """Convert labels to 0 (normal) and 1 (anomaly), shape `(rows,)`.

    Args:
        labels: As they were read, shape `(rows,)`.
        normal_class: The label of normal rows, None for 0.
        path: What the table is called in errors.

    Raises:
        ValueError: If they do not fit.
    """
    y = anomaly_labels(labels, normal_class)
    if y is not None:
        return y
    values = np.unique(labels.astype(str))[:10].tolist()
    if normal_class is None:
        raise ValueError(
            f"{str(path)!r} must label its {len(labels)} rows 0 (normal) or 1 (anomaly), or "
            f"`normal_class` must name the label of normal rows. Received: values {values}"
        )
    raise ValueError(
        f"`normal_class` must be a label of {str(path)!r}: {values}. Received: {normal_class!r}"
    )
