"""Tables with labels, read whole, from wherever the user has them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from kerasocc.catalog import find_table
from kerasocc.datasets.sample_format import ARRAYS, TABLE, SampleFormat
from kerasocc.datasets.spool import spool
from kerasocc.datasets.table_files import Wanted, read_blocks
from kerasocc.rows import Rows, as_rows, is_lazy

FROM_ARRAYS = "arrays"
"""What a table that came as arrays is called."""


class Table(NamedTuple):
    """A table that has been read.

    Attributes:
        x: Shape `(rows, columns)`, float32, missing values as NaN.
        y: 0 normal, 1 anomaly, shape `(rows,)`.
        columns: Names of the columns, None where the file has none.
    """

    x: np.ndarray | Rows
    y: np.ndarray
    columns: tuple[str, ...] | None


def load_table(
    source: str | os.PathLike | tuple[Any, Any],
    *,
    label: str | None = None,
    normal_class: Any = None,
    data_dir: str | os.PathLike | None = None,
) -> tuple[str, Table]:
    """Load what `tabular` takes; see there for the arguments.

    Returns:
        What the table is called, and the table.

    Raises:
        FileNotFoundError: If there is no such table.
        ValueError: If it is none, or its labels are not as `normal_class` says.
    """
    if isinstance(source, (str, os.PathLike)):
        path = find_table(source, data_dir)
        return path.stem, read_table(path, label=label, normal_class=normal_class)
    if not isinstance(source, (tuple, list)) or len(source) != 2:
        raise ValueError(
            "`source` must be a path, a name or a pair of arrays `(x, y)`. "
            f"Received: {type(source).__name__}"
        )
    x, labels = as_rows(source[0]), np.asarray(source[1])
    fits = x.ndim == 2 and labels.shape == (len(x),)
    y = anomaly_labels(labels, normal_class) if fits else None
    if y is None:
        raise ValueError(
            "`source` must be `(x, y)` of shapes (rows, columns) and (rows,), y 0 normal and 1 "
            f"anomaly (or some of them `normal_class`). Received: shapes {x.shape} and "
            f"{labels.shape}, normal_class={normal_class!r}"
        )
    return FROM_ARRAYS, Table(x if is_lazy(x) else x.astype("float32"), y, None)


def table_format(
    name: str, table: Table, fill: np.ndarray | None, normal_class: Any
) -> SampleFormat:
    """What new rows must look like.

    Args:
        name: What the table is called.
        table: The table.
        fill: What was put in for missing values, shape `(columns,)`; None if they
            were refused.
        normal_class: The label of normal rows, None for 0.
    """
    return SampleFormat(
        kind=ARRAYS if name == FROM_ARRAYS else TABLE,
        shape=tuple(table.x.shape[1:]),
        columns=table.columns,
        fill=None if fill is None else tuple(fill.tolist()),
        normal_class=None if normal_class is None else str(normal_class),
    )


def read_table(
    path: str | os.PathLike, *, label: str | None = None, normal_class: Any = None
) -> Table:
    """Read samples and their labels.

    Args:
        path: The file; one that does not fit into memory is held on disk.
        label: Name of the label column or array; default the one that is called
            `y`, `label`, `class`, `target`, `outlier` or `anomaly`.
        normal_class: The label of normal rows, all others are anomalies; None
            for labels that are 0 (normal) and 1 (anomaly).

    Raises:
        ValueError: If the file cannot be read or is no such table, naming the
            row and the column that are no numbers.
    """
    path = Path(path)
    labels: list[np.ndarray] = []
    columns = None

    def samples():
        nonlocal columns
        for block in read_blocks(path, Wanted(label=label)):
            labels.append(block.labels)
            columns = block.columns
            with np.errstate(over="ignore"):
                yield block.x.astype("float32")

    x = spool(samples())
    return Table(x, _checked_labels(np.concatenate(labels), normal_class, path), columns)


def anomaly_labels(labels: np.ndarray, normal_class: Any) -> np.ndarray | None:
    """0 where a label is `normal_class` (None: is 0), 1 elsewhere, shape `(rows,)`, int64.

    Returns:
        None if `normal_class` is None and the labels are not 0 and 1, or if no
        label is `normal_class`.
    """
    if normal_class is None:
        values = set(np.unique(labels).tolist()) if labels.dtype.kind in "biuf" else None
        return labels.astype("int64") if values is not None and values <= {0, 1} else None
    # From the command line a number may come as text, or the other way round.
    normal = labels.astype(str) == str(normal_class)
    if labels.dtype.kind in "biuf":
        try:
            normal = labels == float(normal_class)
        except ValueError:
            return None
    return np.where(normal, 0, 1) if normal.any() else None


def _checked_labels(labels: np.ndarray, normal_class: Any, path: Path) -> np.ndarray:
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
