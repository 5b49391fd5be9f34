"""The one-class problem of a table with text, dates and categories."""

from __future__ import annotations

import warnings
from collections.abc import Collection, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from kerasocc.datasets.columns.choice import ColumnChoice
from kerasocc.datasets.columns.dates import parse_dates
from kerasocc.datasets.columns.kinds import NUMBER, fit_columns, kinds_of, suspicious_columns
from kerasocc.datasets.columns.likely_labels import find_likely_label
from kerasocc.datasets.columns.named_columns import NamedColumns, is_missing
from kerasocc.datasets.columns.values import plain_values
from kerasocc.datasets.pool import PARTS, Pool, default_test_fraction, stratified_split
from kerasocc.datasets.preprocessing.table_features import TableFeatures
from kerasocc.datasets.protocols.one_class_dataset import OneClassDataset
from kerasocc.datasets.protocols.one_class_split import one_class_split
from kerasocc.datasets.readers.raw_tables import RawTable
from kerasocc.datasets.sample_format import TABLE, SampleFormat


def raw_table_problem(
    raw: RawTable,
    choice: ColumnChoice,
    *,
    missing: str,
    label: str | None,
    preprocessing: str | None,
    test: float | None,
    normal_class: Any,
    seed: int,
    notes: tuple[str, ...] = (),
    **split: Any,
) -> OneClassDataset:
    """Make a one-class problem; see `tabular` for the arguments.

    The rows are split first. What the columns hold is found in all of them, all else that the
    features need (categories, medians, scales) in the training rows alone.

    Args:
        raw: The table.
        choice: Which of its columns are features.
        missing: `"error"` or `"median"`.
        label: What the user says of the labels, None for nothing.
        preprocessing: Scaling of the features, `"min-max"`, the default, or another.
        test: Fraction of the test part, None for the default.
        normal_class: The label of normal rows.
        seed: Seed of all draws.
        notes: See `OneClassDataset`.
        **split: Other arguments of `one_class_split`.

    Returns:
        The data set; its samples are the features of the rows.
    """
    names = choice.features(raw.columns.names, raw.shown)
    table = raw.columns.select(names)
    categories = [name for name in choice.categories if name in names]
    frequencies = [name for name in choice.frequencies if name in names]
    kinds = kinds_of(table, categories, raw.shown, raw.place, frequencies)
    if not raw.labelled:
        refuse_likely_label(
            raw.shown, table, label, (*(choice.columns or ()), *categories, *frequencies)
        )
    rows = _pool(raw, choice)
    fraction = default_test_fraction(raw.y) if test is None else test
    train, test_part = stratified_split(rows, fraction, np.random.default_rng([seed, 1]))
    chosen = one_class_split(
        raw.name,
        train,
        test_part,
        normal_class=0,
        make_preprocessing=_not_yet,
        sample_format=SampleFormat(kind=TABLE, shape=()),
        labelled_classes=None,
        seed=seed,
        unlabelled=() if raw.labelled else PARTS,
        notes=notes,
        **split,
    )
    training_rows = table.take(chosen.x_train[chosen.y_train >= 0, 0])
    columns = fit_columns(training_rows, kinds, missing=missing)
    options: dict[str, Any] = dict(
        missing=missing,
        categories=choice.categories,
        frequencies=choice.frequencies,
        columns=columns,
        also=[*choice.others, *([] if raw.label is None else [raw.label])],
    )
    encoded = _encoded(TableFeatures(scaling=None, **options), table, raw)
    warn_of_columns(raw.shown, training_rows, kinds)
    parts = {f"x_{part}": encoded[getattr(chosen, f"x_{part}")[:, 0]] for part in PARTS}

    def scaled_by(name: str) -> Any:
        return partial(_adapted, scaling=name, options=options)

    return replace(
        chosen,
        **parts,
        make_preprocessing=scaled_by(preprocessing or "min-max"),
        preprocessing_named=scaled_by,
        ids_test=_ids(raw, choice, chosen.x_test[:, 0]),
        sample_format=SampleFormat(
            kind=TABLE,
            shape=encoded.shape[1:],
            columns=tuple(names),
            normal_class=None if normal_class is None else str(normal_class),
            dialect=raw.dialect,
            ids=choice.id,
            is_raw=True,
            as_text=tuple(n for n in (*choice.id, *names) if _is_text(raw.columns.columns[n])),
        ),
    )


def refuse_likely_label(
    shown: str, table: NamedColumns, label: str | None, named: Collection[str] = ()
) -> None:
    """Raise `ValueError` for a column that looks like labels, unless the user knows of it.

    As a feature it would be useless at best: new rows do not have it.

    Args:
        shown: What the table is called.
        table: The columns that would be features.
        label: What the user says of the labels, None for nothing.
        named: Columns that the user has named as features.
    """
    found = None if label is not None else find_likely_label(table.without(named))
    if found is None:
        return
    counts = [f"{value!r} in {rows} rows" for value, rows in found.counts.items()]
    more = " and others" if len(counts) > 4 else ""
    # Labels 0 and 1 mean that by default.
    normal = "" if found.normal == "0" else f" and normal_class={found.normal!r}"
    raise ValueError(
        f"`label` must be given for {shown}: column {found.name!r} looks like labels. Use them "
        f"with label={found.name!r}{normal}, leave the column out with drop={found.name!r}, or "
        "take all columns for features with label='none'. Received: no `label`, and "
        f"{', '.join(counts[:4])}{more}"
    )


def warn_of_columns(
    shown: str, training_rows: NamedColumns, kinds: Mapping[str, str] | None = None
) -> None:
    """Warn of columns that are constant, or look like ids or an index.

    Args:
        shown: What the table is called.
        training_rows: Its training rows.
        kinds: What `kinds_of` found; None for numbers alone.
    """
    if kinds is None:
        kinds = dict.fromkeys(training_rows.names, NUMBER)
    for sentence in suspicious_columns(training_rows, kinds):
        warnings.warn(f"{shown}: {sentence}.", stacklevel=2)


def _pool(raw: RawTable, choice: ColumnChoice) -> Pool:
    """The rows by their numbers, with what they are split by."""
    numbers = np.arange(len(raw.y))
    groups = times = None
    if choice.group is not None:
        values = _complete("group", choice.group, raw)
        groups = np.unique(values.astype(str), return_inverse=True)[1]
    if choice.time is not None:
        times = _moments(choice.time, _complete("time", choice.time, raw), raw)
    return Pool(numbers[:, None], raw.y, numbers, groups, times)


def _complete(option: str, name: str, raw: RawTable) -> np.ndarray:
    values = raw.columns.columns[name]
    missing = is_missing(values)
    if missing.any():
        raise ValueError(
            f"`{option}` must name a column without missing values. Received: {option}={name!r}, "
            f"one missing in {raw.place(int(missing.argmax()))} of {raw.shown}"
        )
    return values


def _moments(name: str, values: np.ndarray, raw: RawTable) -> np.ndarray:
    """Numbers that grow with time, float64."""
    if values.dtype.kind == "f":
        return values
    moments, wrong = parse_dates(values)
    if wrong.any():
        first = int(wrong.argmax())
        raise ValueError(
            "`time` must name a column of numbers, or of dates such as 2024-01-31 or 2024-01-31 "
            f"12:00:00. Received: {values[first]!r} in {raw.place(first)} of {raw.shown}, "
            f"column {name!r}"
        )
    return moments.astype("int64").astype("float64")


def _encoded(features: TableFeatures, table: NamedColumns, raw: RawTable) -> np.ndarray:
    bad = features.find_bad(table)
    if bad is not None:
        raise ValueError(f"{raw.shown}: {bad.message(raw.place(bad.first_row))}")
    return features.encode(table, features.exact_dtype)


def _adapted(x: Any, *, scaling: str, options: dict[str, Any]) -> TableFeatures:
    return TableFeatures(scaling=scaling, **options).adapt_scaling(x)


def _ids(raw: RawTable, choice: ColumnChoice, rows: np.ndarray) -> dict[str, list[Any]]:
    return {name: plain_values(raw.columns.columns[name][rows]) for name in choice.id}


def _is_text(values: np.ndarray) -> bool:
    return values.dtype.kind == "O" and any(isinstance(value, str) for value in values)


def _not_yet(x: Any) -> Any:
    raise RuntimeError("The rows are not encoded yet.")
