"""One function that loads tables and images alike, by name or path."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from kerasocc.datasets.catalog import (
    IMAGE_SET,
    TABLE,
    DataSource,
    named_tables,
    near_names,
    resolve,
)
from kerasocc.datasets.columns.named_columns import is_tabular
from kerasocc.datasets.dialect import Dialect
from kerasocc.datasets.protocols.one_class_dataset import OneClassDataset
from kerasocc.datasets.protocols.one_vs_rest import one_vs_rest
from kerasocc.datasets.protocols.tabular import tabular
from kerasocc.datasets.readers.tfds_image_sets import known_image_sets
from kerasocc.datasets.storage.rows import Rows


def load(
    source: Any,
    *,
    normal_class: Any = None,
    contamination: float = 0.0,
    labelled: float = 0.0,
    labelled_classes: int | Sequence[Any] | None = None,
    validation: float | None = 0.0,
    test: float | None = None,
    validation_data: Any = None,
    test_data: Any = None,
    preprocessing: str | None = None,
    seed: int = 0,
    label: str | None = None,
    missing: str = "error",
    drop: str | Sequence[str] | None = None,
    columns: str | Sequence[str] | None = None,
    id: str | Sequence[str] | None = None,
    categories: str | Sequence[str] | None = None,
    frequencies: str | Sequence[str] | None = None,
    group: str | None = None,
    time: str | None = None,
    image_size: int | tuple[int, int] | None = None,
    unreadable: str = "error",
    data_dir: str | os.PathLike | None = None,
    **dialect: Any,
) -> OneClassDataset:
    """Load a table or a set of images as a one-class problem.

    Tables are passed to `tabular`, everything else to `one_vs_rest`; see there for
    details of the arguments.

    Args:
        source: The path of a table or of a folder of images, the name of one below
            `KERASOCC_DATA_DIR`, `"digits"`, the name of an image set of
            tensorflow-datasets, a data frame or a dict of columns, or arrays: samples `x`,
            all of them normal, or pairs `(x, labels)`, taken for a table if `x` has two axes.
        normal_class: The normal class, or the label of normal rows.
        contamination: Fraction of hidden anomalies in the training samples.
        labelled: Fraction of labelled anomalies in the training samples.
        labelled_classes: Classes of the labelled anomalies, or how many to draw.
        validation: Fraction of the training part that is held out for validation.
        test: Fraction of the test part, for data without an official one.
        validation_data: Validation part: a path or arrays of the same kind.
        test_data: Test part: a path or arrays of the same kind.
        preprocessing: `"contrast"`, `"unit"` or `"imagenet"` for images, `"min-max"`,
            `"standard"`, `"robust"` or `"quantile"` for tables.
        seed: Seed of all draws.
        label: Name of the label column; tables only.
        missing: What to do about missing values; tables only.
        drop: Columns that are left out; tables only.
        columns: Columns that are features; tables only.
        id: Columns that are kept beside the scores; tables only.
        categories: Columns of numbers that are categories; tables only.
        frequencies: Columns of categories that become the rarity of their values; tables only.
        group: Column whose values are never on both sides of a split; tables only.
        time: Column by which the latest rows are the test part; tables only.
        image_size: Size to which images are resized; images only.
        unreadable: What to do about unreadable files; folders of images only.
        data_dir: Folder in which names are looked up.
        **dialect: How a text file is written, options of `Dialect`; tables only.

    Returns:
        The data set.

    Raises:
        ValueError: If there are no such data (similar names are listed), or an argument
            does not apply to them.
        OSError: If they cannot be read or downloaded.
    """
    is_array = isinstance(source, (np.ndarray, Rows, tuple, list)) or is_tabular(source)
    if not is_array and not isinstance(source, (str, os.PathLike, DataSource)):
        raise ValueError(
            "`source` must be a path, a name, arrays or a data frame. "
            f"Received: {type(source).__name__}"
        )
    resolved = source if is_array else resolve(source, data_dir)
    common = dict(
        normal_class=normal_class,
        contamination=contamination,
        labelled=labelled,
        validation=validation,
        test=test,
        validation_data=validation_data,
        test_data=test_data,
        preprocessing=preprocessing,
        seed=seed,
        data_dir=data_dir,
    )
    for_tables = dict(
        label=label,
        missing=missing,
        drop=drop,
        columns=columns,
        id=id,
        categories=categories,
        frequencies=frequencies,
        group=group,
        time=time,
        **Dialect(**dialect).options,
    )
    for_images = dict(
        labelled_classes=labelled_classes,
        image_size=image_size,
        unreadable=unreadable,
    )
    shown = "arrays" if is_array else source
    if _is_table(resolved):
        _refuse(for_images, shown, "a table")
        return tabular(resolved, **common, **for_tables)
    _refuse(for_tables, shown, "no table")
    if isinstance(resolved, DataSource) and resolved.kind == IMAGE_SET:
        _check_known(resolved.name, data_dir)
    return one_vs_rest(resolved, **common, **for_images)


def _is_table(source: Any) -> bool:
    if isinstance(source, DataSource):
        return source.kind == TABLE
    if is_tabular(source):
        return True
    x = source[0] if isinstance(source, (tuple, list)) and len(source) else source
    if is_tabular(x):
        return True
    return np.ndim(x) == 2 if not isinstance(x, Rows) else x.ndim == 2


def _refuse(options: dict[str, Any], source: Any, what: str) -> None:
    """Raise `ValueError` for an option that would be ignored."""
    for name, value in options.items():
        if value not in (None, "error"):
            raise ValueError(
                f"`{name}` must be left out: {str(source)!r} is {what}. Received: {name}={value!r}"
            )


def _check_known(name: str, data_dir: str | os.PathLike | None) -> None:
    sets = known_image_sets(data_dir)
    if re.split("[/:]", name)[0] in sets:
        return
    tables = named_tables(data_dir)
    raise ValueError(
        "`source` must be 'digits', the path of a table or of a folder of images, the name of one "
        "below KERASOCC_DATA_DIR, or that of an image set of tensorflow-datasets."
        f"{near_names(name, ['digits', *tables, *sets])} Received: {name!r}"
    )
