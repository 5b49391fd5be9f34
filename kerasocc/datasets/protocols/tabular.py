"""Tables with anomaly labels (ODDS, ADBench, your own): the normal rows of a split train."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from kerasocc.checks import check_choice, check_fraction, check_integer
from kerasocc.datasets.catalog import DataSource
from kerasocc.datasets.pool import TEST_FRACTION, Pool, stratified_split
from kerasocc.datasets.preprocessing.recipes import TABLE_PREPROCESSINGS
from kerasocc.datasets.protocols.one_class_dataset import OneClassDataset
from kerasocc.datasets.protocols.one_class_split import one_class_split
from kerasocc.datasets.readers.labelled_tables import check_values, load_table, table_format
from kerasocc.datasets.readers.missing_values import fill_rows, medians


def tabular(
    source: str | os.PathLike | DataSource | tuple[Any, Any],
    *,
    label: str | None = None,
    normal_class: Any = None,
    missing: str = "error",
    preprocessing: str | None = None,
    contamination: float = 0.0,
    labelled: float = 0.0,
    validation: float = 0.0,
    test: float | None = None,
    seed: int = 0,
    data_dir: str | os.PathLike | None = None,
    **dialect: Any,
) -> OneClassDataset:
    """Make a one-class problem of a table or of feature vectors.

    The rows are split once, stratified by label; the normal rows of the training part
    are the training samples.

    Args:
        source: Path of an `.npz`, `.mat`, `.csv`, `.tsv`, Parquet or Excel file; the name of one
            in `data_dir`, such as `"cardio"`; arrays `(x, y)` of shapes
            `(rows, columns)` and `(rows,)`; or a `catalog.DataSource`. Data that do
            not fit into memory are read from disk on demand.
        label: Name of the label column; see `labelled_tables.read_table`.
        normal_class: The label of normal rows, all others are anomalies; None for
            labels 0 (normal) and 1 (anomaly).
        missing: `"error"` raises for missing values; `"median"` replaces them by the
            medians of the training rows.
        preprocessing: `"min-max"`, the default, as in Deep SAD (every column scaled to
            [0, 1]); `"standard"` (mean 0, standard deviation 1), which a single extreme
            value does not squeeze as much.
        contamination: See `one_vs_rest`.
        labelled: See `one_vs_rest`.
        validation: See `one_vs_rest`.
        test: Fraction of the rows in the test part, in (0, 1); default 0.4 as in Deep
            SAD.
        seed: Seed of all draws.
        data_dir: See `catalog.resolve_table`.
        **dialect: Options of `Dialect`: `separator`, `decimal`, `thousands`, `encoding`,
            `comment`, `header` and `sheet`, where what is detected in a text file or a workbook
            is wrong.

    Returns:
        The data set: raw samples and a `preprocessing` layer.

    Raises:
        FileNotFoundError: If there is no such table.
        ValueError: If it cannot be used; names file, row and column.
    """
    check_choice("missing", missing, ["error", "median"])
    if preprocessing is not None:
        check_choice("preprocessing", preprocessing, TABLE_PREPROCESSINGS)
    check_integer("seed", seed, minimum=0)
    fraction = TEST_FRACTION if test is None else check_fraction("test", test)
    name, table = load_table(
        source, label=label, normal_class=normal_class, data_dir=data_dir, **dialect
    )
    check_values(name, table, missing)
    train, test_part = stratified_split(
        Pool(table.x, table.y), fraction, np.random.default_rng([seed, 1])
    )
    fill = None
    if missing == "median":
        fill = medians(train.x)
        train, test_part = (Pool(fill_rows(p.x, fill), p.classes) for p in (train, test_part))
    return one_class_split(
        name,
        train,
        test_part,
        normal_class=0,
        make_preprocessing=TABLE_PREPROCESSINGS[preprocessing or "min-max"],
        sample_format=table_format(name, table, fill, normal_class),
        contamination=contamination,
        labelled=labelled,
        labelled_classes=None,
        validation=validation,
        seed=seed,
    )
