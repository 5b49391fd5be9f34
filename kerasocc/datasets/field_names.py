"""Names that files give to their arrays and columns of samples and labels."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

LABEL_NAMES = ("y", "label", "labels", "class", "target", "outlier", "anomaly", "is_anomaly")
"""Accepted names of a label column or array, in any case."""
SAMPLE_NAMES = ("x", "data", "samples", "features")
"""Accepted names of the array of rows in a table file, in any case."""
IMAGE_NAMES = ("image", "images", *SAMPLE_NAMES)
"""Accepted names of the array of images in an `.npz` file, in any case."""


NO_LABEL = "none"
"""Name of the label column that says that there is none: all columns are features."""


def find_name(what: str, names: Sequence[str], available: Iterable[Any], path: Path) -> Any:
    """Return the first of the `available` names that is among `names`, ignoring case.

    Args:
        what: `"samples"` or `"labels"`, for the error.
        names: Accepted names.
        available: Names of the arrays or columns in the file.
        path: The file, for the error.

    Raises:
        ValueError: If there is none; lists the available names.
    """
    available = list(available)
    accepted = {name.lower() for name in names}
    for candidate in available:
        if str(candidate).lower() in accepted:
            return candidate
    shown = [str(name) for name in available if not str(name).startswith("__")]
    other = ", or `label` must name them" if names is LABEL_NAMES else ""
    raise ValueError(
        f"{str(path)!r} must have {what} called one of {list(names)}{other}. Received: {shown[:20]}"
    )


def find_label_name(
    label: str | None, available: Iterable[Any], path: Path, *, optional: bool = False
) -> Any:
    """Return the name of the label column or array: `label`, or one of `LABEL_NAMES`.

    Columns without names are numbered from 0 on, negative numbers count from the last one.

    Args:
        label: The name, None for one of `LABEL_NAMES`.
        available: Names of the arrays or columns in the file.
        path: The file, for the error.
        optional: Whether None is returned where there is none.

    Raises:
        ValueError: If there is none; lists the available names.
    """
    available = list(available)
    positions = [str(position) for position in range(len(available))]
    if label and label.startswith("-") and available == positions and label[1:] in positions[1:]:
        label = available[int(label)]
    names = (label,) if label else LABEL_NAMES
    accepted = {name.lower() for name in names}
    if optional and not any(str(name).lower() in accepted for name in available):
        return None
    return find_name("labels", names, available, path)
