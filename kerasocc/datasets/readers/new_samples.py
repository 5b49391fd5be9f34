"""New samples from a file or a folder, in the format of the training samples."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from kerasocc.datasets.catalog import IMAGE_SUFFIXES, table_suffix
from kerasocc.datasets.columns.named_columns import NamedColumns
from kerasocc.datasets.columns.values import plain_values
from kerasocc.datasets.dialect import Dialect
from kerasocc.datasets.readers import named_tables
from kerasocc.datasets.readers.blocks import Block, Selection
from kerasocc.datasets.readers.image_arrays import read_image_arrays
from kerasocc.datasets.readers.image_decoding import ImageFile
from kerasocc.datasets.readers.image_files import read_images
from kerasocc.datasets.readers.image_folders import list_flat, list_images
from kerasocc.datasets.readers.image_listing import UNLABELLED
from kerasocc.datasets.readers.missing_values import filled, is_beyond, is_finite
from kerasocc.datasets.readers.named_columns import find_columns
from kerasocc.datasets.readers.named_tables import dialect_of_new, place_of
from kerasocc.datasets.readers.raw_tables import raw_blocks
from kerasocc.datasets.readers.row_names import RowNames
from kerasocc.datasets.readers.table_files import read_blocks
from kerasocc.datasets.sample_format import TABLE, SampleFormat

IMAGES_AT_ONCE = 256


class NewSamples(NamedTuple):
    """A batch of new samples.

    Attributes:
        names: Row numbers or paths of image files, as text.
        x: Shape `(samples, ...)`, or the columns of a table for a model that takes them.
        labels: Labels as in the file, shape `(samples,)`; None if they are not read.
        bad: Mask of the samples that cannot be scored, shape `(samples,)`, whose values in `x`
            mean nothing; None if there are none.
        first_bad: What is wrong with the first of them, in words.
        ids: Columns that are kept beside the scores, lists by name.
    """

    names: Sequence[str]
    x: np.ndarray | NamedColumns
    labels: np.ndarray | None
    bad: np.ndarray | None = None
    first_bad: str = ""
    ids: dict[str, list[Any]] = {}


def read_new(
    source: str | os.PathLike,
    sample_format: SampleFormat,
    *,
    labelled: bool = False,
    label: str | None = None,
    unreadable: str = "error",
    dialect: Dialect | None = None,
    bad_rows: str = "error",
    optional: bool = False,
) -> Iterator[NewSamples]:
    """Read samples to score in batches; memory does not grow with their number.

    Args:
        source: For a model of tables a table, its columns matched by name if they have
            names; for a model of images an image file, a folder of them or an `.npz`
            file of images.
        sample_format: Format of the training samples.
        labelled: Whether to read labels too: a column, or the names of class folders.
        label: Name of the label column; default one of `field_names.LABEL_NAMES`.
        unreadable: What to do about unreadable image files, `"error"` or `"skip"`.
        dialect: How a text file is written where that differs from the training data.
        bad_rows: What to do about samples with a value that is missing (and not filled), too
            large for float32 or no number: `"error"`, or `"mark"` them in the result.
        optional: Whether samples without labels are read without them.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the samples do not have the format; names row, column or file.
    """
    path = _existing(source)
    if sample_format.kind == TABLE or len(sample_format.shape) == 1:
        columns = sample_format.columns
        found = dialect_of_new(path, sample_format, dialect)
        tolerant = bad_rows != "error"
        selection = Selection(labelled, label, columns, found, tolerant, optional)
        if sample_format.is_raw:
            yield from _read_raw(path, sample_format, selection)
            return
        parts = _read_table(path, sample_format, selection)
    elif path.is_dir() or path.suffix.lower() in IMAGE_SUFFIXES:
        if label is not None:
            raise ValueError(
                f"`label` must be left out: the folders of {str(path)!r} name the classes. "
                f"Received: label={label!r}"
            )
        files = _files_of(path, sample_format, labelled, optional)
        parts = _read_images(files, sample_format, unreadable)
    else:
        parts = _read_arrays(path, labelled, label, optional)
    for part in parts:
        if part.x.shape[1:] != sample_format.shape:
            raise ValueError(
                f"{str(path)!r} must hold samples of shape {sample_format.shape}, which the model "
                f"was trained on. Received: shape {part.x.shape[1:]}"
            )
        part = part if part.bad is not None else _with_bad_ones(part)
        if part.bad is not None and bad_rows == "error":
            raise ValueError(f"{str(path)!r} must hold finite numbers. Received: {part.first_bad}")
        yield part


def check_columns(
    source: str | os.PathLike,
    sample_format: SampleFormat,
    *,
    labelled: bool = False,
    label: str | None = None,
    dialect: Dialect | None = None,
) -> None:
    """Look for the file and, by the header of a table, for the columns, without reading rows.

    Args:
        source: A table with named columns, else only its existence is looked for.
        sample_format: Format of the training samples.
        labelled: Whether labels are read.
        label: Name of their column.
        dialect: How a text file is written where that differs from the training data.

    Raises:
        FileNotFoundError, ValueError: As `read_new` raises them.
    """
    path, columns = _existing(source), sample_format.columns
    is_named = path.is_file() and table_suffix(path) in named_tables.SUFFIXES
    if sample_format.kind != TABLE or columns is None or not is_named:
        return
    found = dialect_of_new(path, sample_format, dialect)
    names = list(next(named_tables.read_frames(path, found, 1)).columns)
    if labelled and label is not None:
        Selection(label=label).find_label(names, path)
    find_columns(names, columns, path, found)


def _existing(source: str | os.PathLike) -> Path:
    path = Path(source)
    if not path.exists():
        raise FileNotFoundError(f"There is no file or folder {str(path)!r}.")
    return path


def _with_bad_ones(part: NewSamples) -> NewSamples:
    """Mark the samples that are not finite."""
    finite = np.isfinite(part.x.reshape(len(part.x), -1)).all(axis=1)
    if finite.all():
        return part
    first = part.names[int(np.argmin(finite))]
    return part._replace(bad=~finite, first_bad=f"NaN or infinity in sample {first}")


def _read_raw(
    path: Path, sample_format: SampleFormat, selection: Selection
) -> Iterator[NewSamples]:
    start = 0
    wanted = list(dict.fromkeys([*sample_format.columns, *sample_format.ids]))
    for columns, labels in raw_blocks(path, wanted, selection, sample_format.as_text):
        names = RowNames.counted(start, len(columns))
        ids = {name: plain_values(columns.columns[name]) for name in sample_format.ids}
        x = columns.select(sample_format.columns)
        yield NewSamples(names, x, labels, ids=ids)
        start += len(columns)


def _read_table(
    path: Path, sample_format: SampleFormat, selection: Selection
) -> Iterator[NewSamples]:
    start = 0
    for block in read_blocks(path, selection):
        names = RowNames.counted(start, len(block.x))
        part = NewSamples(names, block.x, block.labels)
        if block.x.shape[1:] == sample_format.shape:
            part = _complete(path, part, block, sample_format, selection, start)
        yield part
        start += len(block.x)


def _complete(
    path: Path,
    part: NewSamples,
    block: Block,
    sample_format: SampleFormat,
    selection: Selection,
    start: int,
) -> NewSamples:
    """Fill missing values, and mark or refuse the rows that cannot be scored."""
    x = block.x
    if block.wrong is None and is_finite(x):
        return part
    beyond, missing = is_beyond(x), np.isnan(x)
    wrong = np.zeros(x.shape, bool) if block.wrong is None else block.wrong
    bad = beyond | wrong
    if sample_format.fill is None:
        bad |= missing
    else:
        x = filled(x, np.array(sample_format.fill))
    if not bad.any():
        return part._replace(x=x)
    row, column = (int(i) for i in np.argwhere(bad)[0])
    if wrong[row, column]:
        what = "a cell that is no number"
    else:
        what = "no value" if missing[row, column] else f"{x[row, column]:g}"
    names = block.columns or sample_format.columns
    shown = column if names is None else repr(names[column])
    place = place_of(path, selection.dialect, start + row)
    first = f"{what} in {place}, column {shown}"
    if not selection.tolerant:
        is_missing = "Train with `missing='median'` for a model that puts in medians, or score"
        advice = f"{is_missing if missing[row, column] else 'Score'} with `bad_rows='flag'`."
        raise ValueError(
            f"{str(path)!r} must hold numbers that are finite as float32. Received: {first}. "
            f"{advice}"
        )
    return part._replace(x=np.where(bad, 0, x), bad=bad.any(axis=1), first_bad=first)


def _read_images(
    files: list[ImageFile], sample_format: SampleFormat, unreadable: str
) -> Iterator[NewSamples]:
    height, width, channels = sample_format.shape
    labelled = files[0].label != UNLABELLED
    images = read_images(
        files,
        image_size=(height, width) if sample_format.resized else None,
        channels=channels,
        unreadable=unreadable,
    )
    while part := list(islice(images, IMAGES_AT_ONCE)):
        chosen = [files[index] for index, _ in part]
        labels = np.array([file.label for file in chosen]) if labelled else None
        yield NewSamples([str(f.path) for f in chosen], np.stack([i for _, i in part]), labels)


def _files_of(
    path: Path, sample_format: SampleFormat, labelled: bool, optional: bool
) -> list[ImageFile]:
    """List the images: with labels those of the test part, or all if there are no parts."""
    if not labelled:
        return list_flat(path)
    if optional and path.is_file():
        return list_flat(path)
    listing = list_images(path, normal_class=sample_format.normal_class)
    files = listing.train if listing.test is None else listing.test
    if not optional and files[0].label == UNLABELLED:
        raise ValueError(
            f"{str(path)!r} must hold a folder of images per class. Received: {len(files)} images "
            "outside of such folders"
        )
    return files


def _read_arrays(
    path: Path, labelled: bool, label: str | None, optional: bool
) -> Iterator[NewSamples]:
    start = 0
    for x, labels in read_image_arrays(path, labelled=labelled, label=label, optional=optional):
        yield NewSamples(RowNames.counted(start, len(x)), x, labels)
        start += len(x)
