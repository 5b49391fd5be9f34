"""Tables with labelled anomalies (ODDS, ADBench, the user's own) as one-class problems."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from kerasocc.checks import check_choice, check_fraction, check_integer
from kerasocc.datasets.missing import fill_rows, medians, refuse_missing
from kerasocc.datasets.one_class import TEST_FRACTION, OneClassDataset, Pool, cut, split
from kerasocc.datasets.preprocessing import min_max
from kerasocc.datasets.tables import load_table, table_format


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
    name, table = load_table(source, label=label, normal_class=normal_class, data_dir=data_dir)
    if missing == "error":
        refuse_missing(name, table.x)
    train, test_part = split(Pool(table.x, table.y), fraction, np.random.default_rng([seed, 1]))
    fill = None
    if missing == "median":
        fill = medians(train.x)
        train, test_part = (Pool(fill_rows(p.x, fill), p.classes) for p in (train, test_part))
    return cut(
        name,
        train,
        test_part,
        normal_class=0,
        make_preprocessing=min_max,
        sample_format=table_format(name, table, fill, normal_class),
        contamination=contamination,
        labelled=labelled,
        labelled_classes=None,
        validation=validation,
        seed=seed,
    )
