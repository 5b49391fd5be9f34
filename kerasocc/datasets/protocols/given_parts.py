"""Validation and test parts that the user gives beside the training data."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from kerasocc.datasets.columns.named_columns import check_names
from kerasocc.datasets.columns.values import plain_values
from kerasocc.datasets.field_names import NO_LABEL
from kerasocc.datasets.pool import PARTS
from kerasocc.datasets.protocols.one_class_dataset import OneClassDataset
from kerasocc.datasets.readers.image_listing import find_normal, relative_name
from kerasocc.datasets.readers.labelled_tables import anomaly_labels
from kerasocc.datasets.readers.missing_values import refuse_missing
from kerasocc.datasets.readers.new_samples import read_new
from kerasocc.datasets.readers.raw_tables import read_raw
from kerasocc.datasets.readers.text_numbers import typed_labels
from kerasocc.datasets.sample_format import IMAGES, SampleFormat
from kerasocc.datasets.storage.rows import Rows, as_rows, is_lazy
from kerasocc.datasets.storage.spooling import spool


class GivenParts(NamedTuple):
    """Parts that are not split off the training data, None for those that are.

    Attributes:
        validation: A path, an array `x`, or arrays `(x, labels)`.
        test: The same.
    """

    validation: Any = None
    test: Any = None

    def any(self) -> bool:
        """Return whether there is one."""
        return self.validation is not None or self.test is not None

    def check(self, validation: float | None, test: float | None) -> None:
        """Raise `ValueError` for a fraction that a given part leaves without effect."""
        fractions = {"validation": (validation or None, self.validation), "test": (test, self.test)}
        for name, (fraction, part) in fractions.items():
            if fraction is not None and part is not None:
                raise ValueError(
                    f"`{name}` must be left out with `{name}_data`: nothing is split off. "
                    f"Received: {name}={fraction}"
                )

    def added_to(
        self, data: OneClassDataset, *, label: str | None = None, unreadable: str = "error"
    ) -> OneClassDataset:
        """Return the data with these parts in place of its own.

        Args:
            data: The data.
            label: Name of the label column.
            unreadable: What to do about unreadable image files.

        Raises:
            ValueError: If a part does not have the format of the training samples, its labels
                do not say which samples are normal, or no part has the labels that `label`
                names.
            OSError: If it cannot be read.
        """
        changes: dict[str, Any] = {}
        unlabelled = set(data.unlabelled)
        for name, argument, source in (
            ("val", "validation_data", self.validation),
            ("test", "test_data", self.test),
        ):
            if source is None:
                continue
            if data.sample_format.is_raw:
                part = _read_raw(argument, source, data, label)
            else:
                part = _read(argument, source, data.sample_format, label, unreadable)
            x = _in_dtype_of(data.x_train, part.x)
            changes |= {f"x_{name}": x, f"y_{name}": part.y}
            unlabelled = unlabelled - {name} if part.labelled else unlabelled | {name}
            if name == "test":
                changes |= {"names_test": part.names, "ids_test": part.ids}
                changes["classes_test"] = part.classes
        if label not in (None, NO_LABEL) and unlabelled == set(PARTS):
            raise ValueError(
                f"`label` must name a column of {data.name!r} or of a part that is given beside "
                f"it. Received: label={label!r}, and none of them has labels"
            )
        changes["unlabelled"] = tuple(name for name in PARTS if name in unlabelled)
        return replace(data, **changes)


def _in_dtype_of(x_train: np.ndarray | Rows, x: np.ndarray | Rows) -> np.ndarray | Rows:
    """Cast an array of floats in memory to what the training samples are, or to float32."""
    if is_lazy(x) or x.dtype.kind != "f":
        return x
    return x.astype("float64" if x_train.dtype == "float64" else "float32", copy=False)


def refuse_normal_class(name: str, normal_class: Any) -> None:
    """Raise `ValueError` if a normal class is named for data without labels."""
    if normal_class is not None:
        raise ValueError(
            f"`normal_class` must be left out: {name!r} has no labels, so that all samples are "
            f"taken for normal. Received: normal_class={normal_class!r}"
        )


class _Part(NamedTuple):
    x: np.ndarray | Rows
    y: np.ndarray
    names: np.ndarray
    labelled: bool
    ids: dict[str, list[Any]] = {}
    classes: np.ndarray | None = None


def normal_and_anomalous(
    labels: np.ndarray, sample_format: SampleFormat, normal_class: Any = None
) -> np.ndarray | None:
    """Convert labels of new samples to 0 (normal) and 1 (anomaly).

    Args:
        labels: As in the file, or the names of folders of classes, shape `(samples,)`.
        sample_format: Names the normal class of the training.
        normal_class: Normal class in its place.

    Returns:
        Shape `(samples,)`; None if the labels do not say which samples are normal.
    """
    normal = sample_format.normal_class if normal_class is None else normal_class
    if normal is None and sample_format.kind == IMAGES and labels.dtype.kind in "US":
        normal = find_normal(np.unique(labels).tolist())
    return anomaly_labels(labels, normal)


def _read(
    argument: str, source: Any, sample_format: SampleFormat, label: str | None, unreadable: str
) -> _Part:
    if isinstance(source, (str, os.PathLike)):
        try:
            # Samples to set the threshold on are taken for normal ones without labels.
            optional = label is None or argument == "validation_data"
            x, labels, names = _read_file(source, sample_format, label, unreadable, optional)
        except ValueError as error:
            raise ValueError(f"`{argument}`: {error}") from error
        shown = str(source)
    else:
        x, labels = _arrays(argument, source)
        names, shown = np.arange(len(x)), argument
    if x.shape[1:] != sample_format.shape or not len(x):
        raise ValueError(
            f"`{argument}` must hold samples of shape {sample_format.shape}, like those to train "
            f"on. Received: shape {x.shape}"
        )
    if labels is None:
        return _Part(x, np.zeros(len(x), "int8"), names, labelled=False)
    y = normal_and_anomalous(labels, sample_format)
    if y is None:
        raise ValueError(
            f"`{argument}`: {shown!r} must label its samples 0 (normal) and 1 (anomaly), or "
            "`normal_class` must be one of its labels. Received: labels "
            f"{np.unique(labels.astype(str))[:10].tolist()}, "
            f"normal_class={sample_format.normal_class!r}"
        )
    return _Part(x, y.astype("int8"), names, labelled=True, classes=labels.astype(str))


def _read_raw(argument: str, source: Any, data: OneClassDataset, label: str | None) -> _Part:
    """Read the rows of a table with text and dates, and make features of them."""
    sample_format = data.sample_format
    try:
        raw = read_raw(
            source,
            label=label,
            normal_class=sample_format.normal_class,
            optional=label is None or argument == "validation_data",
            as_text=sample_format.as_text,
        )
        wanted = [*sample_format.columns, *sample_format.ids]
        check_names(raw.columns.names, wanted, raw.columns.names)
        x = data.preprocessing.encode(raw.columns.select(sample_format.columns))
    except ValueError as error:
        raise ValueError(f"`{argument}`: {error}") from error
    ids = {name: plain_values(raw.columns.columns[name]) for name in sample_format.ids}
    return _Part(x, raw.y.astype("int8"), np.arange(len(x)), raw.labelled, ids)


def _read_file(
    source: str | os.PathLike,
    sample_format: SampleFormat,
    label: str | None,
    unreadable: str,
    optional: bool,
) -> tuple[np.ndarray | Rows, np.ndarray | None, np.ndarray]:
    names: list[str] = []
    labels: list[np.ndarray | None] = []

    def samples():
        for part in read_new(
            source,
            sample_format,
            labelled=True,
            label=label,
            unreadable=unreadable,
            optional=optional,
        ):
            names.extend(part.names)
            labels.append(part.labels)
            yield part.x

    x = spool(samples())
    found = None if labels[0] is None else typed_labels(labels)
    if sample_format.kind == IMAGES and Path(source).suffix.lower() != ".npz":
        folder = Path(source) if Path(source).is_dir() else Path(source).parent
        return x, found, np.array([relative_name(Path(name), folder) for name in names])
    return x, found, np.arange(len(x))


def _arrays(argument: str, source: Any) -> tuple[np.ndarray | Rows, np.ndarray | None]:
    """Return samples and labels of `x` or `(x, labels)`, finite."""
    pair = source if isinstance(source, (tuple, list)) else (source, None)
    if len(pair) != 2:
        raise ValueError(
            f"`{argument}` must be a path, an array `x`, or a pair of arrays `(x, labels)`. "
            f"Received: {len(pair)} arrays"
        )
    x = as_rows(pair[0])
    labels = None if pair[1] is None else np.asarray(pair[1])
    if x.ndim < 2 or (labels is not None and labels.shape != (len(x),)):
        raise ValueError(
            f"`{argument}` must be `x` or `(x, labels)` of shapes (samples, ...) and (samples,). "
            f"Received: shapes {x.shape} and {None if labels is None else labels.shape}"
        )
    if x.ndim == 2:
        refuse_missing(argument, x, hint="")
    return x, labels
