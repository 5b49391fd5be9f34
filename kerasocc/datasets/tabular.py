"""Tables with labelled anomalies (ODDS, ADBench, the user's own) as one-class problems."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from kerasocc.catalog import find_table
from kerasocc.checks import check_choice, check_fraction, check_integer
from kerasocc.datasets.missing import CHUNK_ROWS, filled, medians, refuse_missing
from kerasocc.datasets.one_class import TEST_FRACTION, OneClassDataset, Pool, cut, split
from kerasocc.datasets.preprocessing import min_max
from kerasocc.datasets.sample_format import ARRAYS, TABLE, SampleFormat
from kerasocc.datasets.spool import spool
from kerasocc.datasets.tables import Table, anomaly_labels, read_table
from kerasocc.rows import as_rows, chunks, is_lazy


def tabular(
    source: str | os.PathLike | tuple[Any, Any],
    *,
    label: str | None = None,
    normal_class: Any = None,
    missing: str = "error",
    contamination: float = 0.0,
    labelled: float = 0.0,
    validation: float = 0.0,
    test: float | None = None,
    seed: int = 0,
    data_dir: str | os.PathLike | None = None,
) -> OneClassDataset:
    """Cut a table, or feature vectors, into a one-class problem.

    The rows are split once, both classes in proportion; the normal rows of the
    training part train.

    Args:
        source: Path of an `.npz`, `.mat`, `.csv` or Parquet file; the name of one
            in `data_dir`, such as `"cardio"`; or arrays `(x, y)` of shapes
            `(rows, columns)` and `(rows,)`. What does not fit into memory is read
            from disk as it is needed.
        label: Name of the label column; see `tables.read_table`.
        normal_class: The label of normal rows, all others are anomalies; None for
            labels that are 0 normal, 1 anomaly.
        missing: `"error"` refuses missing values; `"median"` puts in the medians
            of the training rows.
        contamination: See `one_vs_rest`.
        labelled: See `one_vs_rest`.
        validation: See `one_vs_rest`.
        test: Fraction of the rows that is the test part, in (0, 1); default 0.4 as
            in Deep SAD.
        seed: Seed of all draws.
        data_dir: See `catalog.find_table`.

    Returns:
        The data set, samples raw, with its `preprocessing` layer.

    Raises:
        FileNotFoundError: If there is no such table.
        ValueError: If it is none that can be used, by name, row and column.
    """
    check_choice("missing", missing, ["error", "median"])
    check_integer("seed", seed, minimum=0)
    fraction = TEST_FRACTION if test is None else check_fraction("test", test)
    name, table = _load(source, label, normal_class, data_dir)
    if missing == "error":
        refuse_missing(name, table.x)
    train, test_part = split(Pool(table.x, table.y), fraction, np.random.default_rng([seed, 1]))
    fill = None
    if missing == "median":
        fill = medians(train.x)
        train, test_part = (_filled(part, fill) for part in (train, test_part))
    return cut(
        name,
        train,
        test_part,
        normal_class=0,
        make_preprocessing=min_max,
        sample_format=SampleFormat(
            kind=ARRAYS if name == "arrays" else TABLE,
            shape=tuple(table.x.shape[1:]),
            columns=table.columns,
            fill=None if fill is None else tuple(fill.tolist()),
            normal_class=None if normal_class is None else str(normal_class),
        ),
        contamination=contamination,
        labelled=labelled,
        labelled_classes=None,
        validation=validation,
        seed=seed,
    )


def _load(
    source: str | os.PathLike | tuple[Any, Any],
    label: str | None,
    normal_class: Any,
    data_dir: str | os.PathLike | None,
) -> tuple[str, Table]:
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
    return "arrays", Table(x if is_lazy(x) else x.astype("float32"), y, None)


def _filled(part: Pool, fill: np.ndarray) -> Pool:
    return Pool(spool(filled(chunk, fill) for chunk in chunks(part.x, CHUNK_ROWS)), part.classes)
