"""Tables with labelled anomalies (ODDS, ADBench, the user's own) as one-class problems."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from kerasocc.checks import check_choice, check_fraction, check_integer
from kerasocc.datasets.one_class import OneClassDataset, Pool, cut, split
from kerasocc.datasets.preprocessing import min_max
from kerasocc.datasets.tables import find_table, read_table


def tabular(
    source: str | os.PathLike | tuple[Any, Any],
    *,
    label: str | None = None,
    missing: str = "error",
    contamination: float = 0.0,
    labelled: float = 0.0,
    validation: float = 0.0,
    test: float = 0.4,
    seed: int = 0,
    data_dir: str | os.PathLike | None = None,
) -> OneClassDataset:
    """Cut a table into a one-class problem.

    The rows are split once, both classes in proportion; the normal rows of the
    training part train.

    Args:
        source: Path of an `.npz`, `.mat`, `.csv` or Parquet file; the name of one
            in `data_dir`, such as `"cardio"`; or arrays `(x, y)` of shapes
            `(rows, columns)` and `(rows,)`, y 0 normal, 1 anomaly.
        label: Name of the label column; see `tables.read_table`.
        missing: `"error"` refuses missing values; `"median"` puts in the medians
            of the training rows.
        contamination: See `one_vs_rest`.
        labelled: See `one_vs_rest`.
        validation: See `one_vs_rest`.
        test: Fraction of the rows that is the test part, in (0, 1); 0.4 as in
            Deep SAD.
        seed: Seed of all draws.
        data_dir: See `tables.find_table`.

    Returns:
        The data set, samples raw, with its `preprocessing` layer.

    Raises:
        FileNotFoundError: If there is no such table.
        ValueError: If it is none that can be used, by name, row and column.
    """
    check_choice("missing", missing, ["error", "median"])
    check_integer("seed", seed, minimum=0)
    name, pool = _load(source, label, data_dir)
    if missing == "error":
        _refuse_missing(name, pool.x)
    parts = split(pool, check_fraction("test", test), np.random.default_rng([seed, 1]))
    if missing == "median":
        parts = _with_medians(*parts)
    return cut(
        name,
        *parts,
        normal_class=0,
        make_preprocessing=min_max,
        contamination=contamination,
        labelled=labelled,
        labelled_classes=None,
        validation=validation,
        seed=seed,
    )


def _load(
    source: str | os.PathLike | tuple[Any, Any],
    label: str | None,
    data_dir: str | os.PathLike | None,
) -> tuple[str, Pool]:
    if isinstance(source, (str, os.PathLike)):
        path = find_table(source, data_dir)
        return path.stem, read_table(path, label)
    if not isinstance(source, (tuple, list)) or len(source) != 2:
        raise ValueError(
            "`source` must be a path, a name or a pair of arrays `(x, y)`. "
            f"Received: {type(source).__name__}"
        )
    x, y = np.asarray(source[0]), np.asarray(source[1])
    if x.ndim != 2 or y.shape != (len(x),) or not set(np.unique(y).tolist()) <= {0, 1}:
        raise ValueError(
            "`source` must be `(x, y)` of shapes (rows, columns) and (rows,), y 0 normal and 1 "
            f"anomaly. Received: shapes {x.shape} and {y.shape}"
        )
    return "arrays", Pool(x.astype("float32"), y.astype("int64"))


def _refuse_missing(name: str, x: np.ndarray) -> None:
    bad = np.argwhere(~np.isfinite(x))
    if len(bad):
        row, column = bad[0].tolist()
        raise ValueError(
            f"{name!r} has {len(bad)} missing or infinite values, the first in row {row}, column "
            f"{column}. Pass `missing='median'` to put in the medians of the training rows."
        )


def _with_medians(train: Pool, test: Pool) -> tuple[Pool, Pool]:
    from sklearn.impute import SimpleImputer

    finite = [Pool(np.where(np.isfinite(p.x), p.x, np.nan), p.classes) for p in (train, test)]
    # A column without any value stays, as zeros: the columns keep their places.
    imputer = SimpleImputer(strategy="median", keep_empty_features=True).fit(finite[0].x)
    train, test = (Pool(imputer.transform(p.x).astype("float32"), p.classes) for p in finite)
    return train, test
