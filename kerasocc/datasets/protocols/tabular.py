"""Tables with anomaly labels (ODDS, ADBench, your own): the normal rows of a split train."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from kerasocc.checks import check_choice, check_fraction, check_integer
from kerasocc.datasets.catalog import DataSource
from kerasocc.datasets.columns.choice import ColumnChoice
from kerasocc.datasets.columns.encoders import NumberColumn
from kerasocc.datasets.columns.likely_labels import has_name_of_labels
from kerasocc.datasets.columns.named_columns import NamedColumns
from kerasocc.datasets.field_names import LABEL_NAMES, NO_LABEL
from kerasocc.datasets.pool import PARTS, Pool, default_test_fraction, stratified_split
from kerasocc.datasets.preprocessing.recipes import TABLE_PREPROCESSINGS
from kerasocc.datasets.preprocessing.table_features import TableFeatures
from kerasocc.datasets.protocols.given_parts import GivenParts, refuse_normal_class
from kerasocc.datasets.protocols.one_class_dataset import OneClassDataset
from kerasocc.datasets.protocols.one_class_split import one_class_split
from kerasocc.datasets.protocols.raw_tables import (
    raw_table_problem,
    refuse_likely_label,
    warn_of_columns,
)
from kerasocc.datasets.readers.labelled_tables import (
    Table,
    check_values,
    load_table,
    table_format,
)
from kerasocc.datasets.readers.missing_values import fill_rows, medians
from kerasocc.datasets.readers.raw_tables import holds_raw_columns, read_raw
from kerasocc.datasets.storage.rows import Rows, chunks, is_lazy

NO_LABELS = (
    "no column is called one of "
    f"{', '.join(LABEL_NAMES)}, so that all rows are taken for normal; `label` names a column with "
    "labels"
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
    drop: str | Sequence[str] | None = None,
    columns: str | Sequence[str] | None = None,
    id: str | Sequence[str] | None = None,
    categories: str | Sequence[str] | None = None,
    frequencies: str | Sequence[str] | None = None,
    group: str | None = None,
    time: str | None = None,
    data_dir: str | os.PathLike | None = None,
    **dialect: Any,
) -> OneClassDataset:
    """Make a one-class problem of a table or of feature vectors.

    The rows are split once, stratified by label; the normal rows of the training part
    are the training samples. Labels are used where there are any: without them all rows
    are taken for normal.

    Args:
        source: Path of an `.npz`, `.mat`, `.csv`, `.tsv`, Parquet or Excel file; the name of one
            in `data_dir`, such as `"cardio"`; arrays `(x, y)` of shapes
            `(rows, columns)` and `(rows,)`, or `x` alone; a data frame or a dict of columns, or a
            pair of one and labels; or a `catalog.DataSource`. Tables of numbers that do not fit
            into memory are read from disk on demand. Text, dates and categories become features
            by `TableFeatures`, the data set's `preprocessing`.
        label: Name of the label column; see `labelled_tables.read_table`. Must be given if none
            is called like one of them and another column looks like labels; `"none"` says that
            all columns are features.
        normal_class: The label of normal rows, all others are anomalies; None for
            labels 0 (normal) and 1 (anomaly).
        missing: `"error"` raises for missing values; `"median"` replaces them by the
            medians of the training rows.
        preprocessing: `"min-max"`, the default, as in Deep SAD (every column scaled to
            [0, 1]); `"standard"` (mean 0, standard deviation 1), which a single extreme
            value does not squeeze as much; `"robust"` (by median and quartiles), which it
            does not change; or `"quantile"` (a normal distribution of every column).
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
        drop: Names of columns that are left out.
        columns: Names of the columns that are features; default all that are left.
        id: Names of columns that are kept beside the scores, and are no features.
        categories: Names of columns that hold categories although they are numbers.
        frequencies: Names of columns of categories, of many values for instance, that become
            one feature: how rare the value was in training.
        group: Name of a column, no feature: rows with the same value are never on both sides of
            a split.
        time: Name of a column, no feature: the test rows are the latest, the validation rows the
            latest of the others.
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
    if test is not None:
        check_fraction("test", test)
    given = GivenParts(validation_data, test_data)
    given.check(validation, test)
    choice = ColumnChoice.of(
        drop=drop,
        columns=columns,
        id=id,
        categories=categories,
        frequencies=frequencies,
        group=group,
        time=time,
    )
    common: dict[str, Any] = dict(
        contamination=contamination,
        labelled=labelled,
        validation=0.0 if validation_data is not None else validation,
    )
    if not choice.is_default or holds_raw_columns(source, label, data_dir, **dialect):
        raw = read_raw(
            source,
            label=label,
            normal_class=normal_class,
            data_dir=data_dir,
            optional=label is None or given.any(),
            as_text=choice.id,
            **dialect,
        )
        if not raw.labelled and not given.any():
            refuse_normal_class(raw.name, normal_class)
        data = raw_table_problem(
            raw,
            choice,
            missing=missing,
            label=label,
            preprocessing=preprocessing,
            test=0.0 if test_data is not None else test,
            normal_class=normal_class,
            seed=seed,
            notes=() if raw.labelled else (NO_LABELS,),
            **common,
        )
        return given.added_to(data, label=label)
    name, table = load_table(
        source,
        label=label,
        normal_class=normal_class,
        data_dir=data_dir,
        # Another part may have the labels.
        optional=label is None or given.any(),
        **dialect,
    )
    if not table.labelled and not given.any():
        refuse_normal_class(name, normal_class)
    if not table.labelled and table.columns is not None:
        refuse_likely_label(repr(str(table.path)), _called_like_labels(table), label)
    check_values(name, table, missing)
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
    scaled_by = partial(_preprocessing, table=table, fill=fill, label=label)
    data = one_class_split(
        name,
        train,
        test_part,
        normal_class=0,
        make_preprocessing=scaled_by(preprocessing or "min-max"),
        preprocessing_named=scaled_by,
        sample_format=table_format(name, table, fill, normal_class),
        labelled_classes=None,
        seed=seed,
        unlabelled=() if table.labelled else PARTS,
        notes=() if table.labelled or table.columns is None else (NO_LABELS,),
        **common,
    )
    if table.columns is not None and not is_lazy(data.x_train):
        rows = data.x_train[data.y_train >= 0].astype("float64")
        named = NamedColumns(dict(zip(table.columns, rows.T, strict=True)))
        warn_of_columns(repr(str(table.path)), named)
    return given.added_to(data, label=label)


def _called_like_labels(table: Table) -> NamedColumns:
    """The columns of a table of numbers that are called like labels."""
    found: dict[str, np.ndarray] = {}
    for position, name in enumerate(table.columns):
        if has_name_of_labels(name):
            blocks = chunks(table.x)
            found[name] = np.concatenate([block[:, position] for block in blocks])
    return NamedColumns(found)


def _preprocessing(
    scaling: str, table: Table, fill: np.ndarray | None, label: str | None
) -> Callable[[Any], Any]:
    """Return the function that adapts a preprocessing layer to training rows.

    Where the columns have names it remembers them, so that models take frames of new rows.
    """
    if table.columns is None:
        return TABLE_PREPROCESSINGS[scaling]
    fills = [None] * len(table.columns) if fill is None else fill.tolist()
    columns = [NumberColumn(n, v) for n, v in zip(table.columns, fills, strict=True)]
    options: dict[str, Any] = dict(
        columns=columns, also=() if label in (None, NO_LABEL) else (label,)
    )
    options |= dict(scaling=scaling, missing="error" if fill is None else "median")
    return lambda x: TableFeatures(**options).adapt_scaling(x)
