"""One call for data of every kind, by name or path."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from kerasocc import catalog
from kerasocc.datasets.image_sets import known_image_sets
from kerasocc.datasets.one_class import OneClassDataset
from kerasocc.datasets.one_vs_rest import one_vs_rest
from kerasocc.datasets.tabular import tabular


def load(
    source: str | os.PathLike,
    *,
    normal_class: Any = None,
    contamination: float = 0.0,
    labelled: float = 0.0,
    labelled_classes: int | Sequence[Any] | None = None,
    validation: float = 0.0,
    test: float | None = None,
    preprocessing: str | None = None,
    seed: int = 0,
    label: str | None = None,
    missing: str = "error",
    image_size: int | tuple[int, int] | None = None,
    unreadable: str = "error",
    data_dir: str | os.PathLike | None = None,
) -> OneClassDataset:
    """Load data by name or path, whatever they are, as a one-class problem.

    Tables go to `tabular`, everything else to `one_vs_rest`; the arguments are
    explained there.

    Args:
        source: The path of a table or of a folder of images, the name of one below
            `KERASOCC_DATA_DIR`, `"digits"`, or the name of an image set of
            tensorflow-datasets.
        normal_class: The class, or the label of rows, that is normal.
        contamination: Fraction of hidden anomalies in the training samples.
        labelled: Fraction of labelled anomalies in the training samples.
        labelled_classes: Classes that labelled anomalies are drawn from, or how many.
        validation: Fraction of the training part that is held out.
        test: Fraction that is the test part, where there is none.
        preprocessing: `"contrast"` or `"unit"`; images only.
        seed: Seed of all draws.
        label: Name of the label column; tables only.
        missing: What to do about missing values; tables only.
        image_size: Size that images are brought to; images only.
        unreadable: What to do about unreadable files; folders of images only.
        data_dir: Folder that names are looked for in.

    Returns:
        The data set.

    Raises:
        ValueError: If there are no such data (near names are listed), or an argument
            does not fit them.
        OSError: If they cannot be read or downloaded.
    """
    kind = catalog.kind_of(source, data_dir)
    common = dict(
        normal_class=normal_class,
        contamination=contamination,
        labelled=labelled,
        validation=validation,
        test=test,
        seed=seed,
        data_dir=data_dir,
    )
    for_tables = dict(label=label, missing=missing)
    for_images = dict(
        labelled_classes=labelled_classes,
        preprocessing=preprocessing,
        image_size=image_size,
        unreadable=unreadable,
    )
    if kind == catalog.TABLE:
        _refuse(for_images, source, "a table")
        return tabular(source, **common, **for_tables)
    _refuse(for_tables, source, "no table")
    if kind == catalog.IMAGE_SET:
        _check_known(str(source), data_dir)
    if kind == catalog.IMAGE_FILE:
        source = catalog.find_table(source, data_dir)
    return one_vs_rest(source, **common, **for_images)


def _refuse(options: dict[str, Any], source: Any, what: str) -> None:
    """Raise `ValueError` for an option that would be ignored."""
    for name, value in options.items():
        if value not in (None, "error"):
            raise ValueError(
                f"`{name}` must be left out: {str(source)!r} is {what}. Received: {name}={value!r}"
            )


def _check_known(source: str, data_dir: str | os.PathLike | None) -> None:
    sets = known_image_sets()
    if source in sets:
        return
    tables = catalog.tables_in(data_dir or os.environ.get("KERASOCC_DATA_DIR"))
    raise ValueError(
        "`source` must be 'digits', the path of a table or of a folder of images, the name of one "
        "below KERASOCC_DATA_DIR, or that of an image set of tensorflow-datasets."
        f"{catalog.near_names(source, ['digits', *tables, *sets])} Received: {source!r}"
    )
