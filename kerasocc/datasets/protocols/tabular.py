"""Tables with anomaly labels (ODDS, ADBench, your own): the normal rows of a split train."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Any

import numpy as np

from kerasocc.checks import check_choice, check_fraction, check_integer
from kerasocc.datasets.catalog import DataSource
from kerasocc.datasets.field_names import LABEL_NAMES
from kerasocc.datasets.pool import PARTS, Pool, default_test_fraction, stratified_split
from kerasocc.datasets.preprocessing.recipes import TABLE_PREPROCESSINGS
from kerasocc.datasets.protocols.given_parts import GivenParts, refuse_normal_class
from kerasocc.datasets.protocols.one_class_dataset import OneClassDataset
from kerasocc.datasets.protocols.one_class_split import one_class_split
from kerasocc.datasets.readers.labelled_tables import load_table, table_format
from kerasocc.datasets.readers.missing_values import fill_rows, medians, refuse_missing
from kerasocc.datasets.storage.rows import Rows

NO_LABELS = (
    "no labels were read, so that all rows are taken for normal. `label` names a column with "
    f"labels; it is found if it is called one of {', '.join(LABEL_NAMES)}"
)
"""Note on a table whose labels may have been overlooked."""


def tabular(
    source: str | os.PathLike | DataSource | tuple[Any, Any] | np.ndarray | Rows,
    *,
    label: str | None = None,
    normal_class: Any = None,
    missing: str = "error",
    preprocessing: str | None = None,
    contamination: float = 0.0,
    labelled: float = 0.0,
    validation: float | None = 0.0,
    test: float | None = None,
    validation_data: Any = None,
    test_data: Any = None,
    seed: int = 0,
    data_dir: str | os.PathLike | None = None,
) -> OneClassDataset:
    """Make a one-class problem of a table or of feature vectors.

    The rows are split once, stratified by label; the normal rows of the training part
    are the training samples. Labels are used where there are any: without them all rows
    are taken for normal.

    Args:
        source: Path of an `.npz`, `.mat`, `.csv` or Parquet file; the name of one
            in `data_dir`, such as `"cardio"`; arrays `(x, y)` of shapes
            `(rows, columns)` and `(rows,)`, or `x` alone; or a `catalog.DataSource`. Data that do
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
            SAD, 0.2 where there are normal rows only.
        validation_data: Validation part, in place of a fraction of the training part: a
            path, an array `x` or arrays `(x, labels)`. Columns are matched by name if they
            have names; rows without labels are taken for normal.
        test_data: Test part, in the same forms.
        seed: Seed of all draws.
        data_dir: See `catalog.resolve_table`.

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
    if test is not None:
        check_fraction("test", test)
    given = GivenParts(validation_data, test_data)
    given.check(validation, test)
    name, table = load_table(
        source,
        label=label,
        normal_class=normal_class,
        data_dir=data_dir,
        # Another part may have the labels.
        optional=label is None or given.any(),
    )
    if not table.labelled and not given.any():
        refuse_normal_class(name, normal_class)
    if missing == "error":
        refuse_missing(name, table.x)
    rows = Pool(table.x, table.y, np.arange(len(table.y)))
    fraction = default_test_fraction(table.y) if test is None else test
    fraction = 0.0 if test_data is not None else fraction
    train, test_part = stratified_split(rows, fraction, np.random.default_rng([seed, 1]))
    fill = None
    if missing == "median":
        fill = medians(train.x)
        train, test_part = (
            replace(p, x=fill_rows(p.x, fill)) if len(p.x) else p for p in (train, test_part)
        )
    data = one_class_split(
        name,
        train,
        test_part,
        normal_class=0,
        make_preprocessing=TABLE_PREPROCESSINGS[preprocessing or "min-max"],
        sample_format=table_format(name, table, fill, normal_class),
        contamination=contamination,
        labelled=labelled,
        labelled_classes=None,
        validation=0.0 if validation_data is not None else validation,
        seed=seed,
        unlabelled=() if table.labelled else PARTS,
        notes=() if table.labelled or table.columns is None else (NO_LABELS,),
    )
    return given.added_to(data, label=label)
