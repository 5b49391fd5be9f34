"""Samples with classes from every kind of source that `one_vs_rest` takes."""

from __future__ import annotations

import os
from typing import Any, NamedTuple

import numpy as np

from kerasocc.checks import check_fraction
from kerasocc.datasets.catalog import (
    DIGITS,
    FOLDER,
    IMAGE_SET,
    DataSource,
    near_names,
)
from kerasocc.datasets.field_names import IMAGE_NAMES, find_label_name, find_name
from kerasocc.datasets.pool import PARTS, Pool, default_test_fraction, stratified_split
from kerasocc.datasets.readers.image_decoding import ImageFile
from kerasocc.datasets.readers.image_files import note_on_shrinking, read_images
from kerasocc.datasets.readers.image_folders import list_images
from kerasocc.datasets.readers.image_listing import UNLABELLED, ImageListing, relative_name
from kerasocc.datasets.readers.streams import is_stream, read_stream
from kerasocc.datasets.readers.tfds_image_sets import load_image_set
from kerasocc.datasets.storage.npz import NpzFile
from kerasocc.datasets.storage.rows import Rows, as_rows
from kerasocc.datasets.storage.spooling import spool

NPZ_ROWS = 1000


class ClassData(NamedTuple):
    """Samples with their classes and metadata.

    Attributes:
        name: Name in reports.
        train: The training part, or all samples.
        test: The official test part, or None.
        class_names: Names of the classes 0, 1, ...; empty if they have none.
        default_normal: Default of `normal_class`.
        resized: Whether images were resized.
        validation: The official validation part, or None.
        unlabelled: See `OneClassDataset`.
        notes: See `OneClassDataset`.
    """

    name: str
    train: Pool
    test: Pool | None
    class_names: list[str]
    default_normal: Any = 0
    resized: bool = False
    validation: Pool | None = None
    unlabelled: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def find_class(self, argument: str, value: Any) -> Any:
        """Return the class with the name or number `value`.

        Raises:
            ValueError: If there is no such class; names `argument`.
        """
        if not self.class_names:
            return value
        if str(value) in self.class_names:
            return self.class_names.index(str(value))
        if isinstance(value, int) and 0 <= value < len(self.class_names):
            return value
        raise ValueError(
            f"`{argument}` must be among the classes {self.class_names} or their numbers."
            f"{near_names(str(value), self.class_names)} Received: {value!r}"
        )

    def parts(
        self, test: float | None, seed: int, *, test_is_given: bool = False
    ) -> tuple[Pool, Pool]:
        """Return the training and the test part: the official ones, or a random split.

        Args:
            test: Fraction of the test part, None for the default; only for data
                without an official test part.
            seed: Seed of the split.
            test_is_given: Whether the test part comes from elsewhere: it is empty here.

        Raises:
            ValueError: If `test` is out of range, or there is an official test part.
        """
        if test_is_given:
            return self.train, self.train.take(np.arange(0))
        if self.test is None:
            usual = default_test_fraction(self.train.classes)
            fraction = usual if test is None else check_fraction("test", test)
            return stratified_split(self.train, fraction, np.random.default_rng([seed, 1]))
        refuse_test(self.name, test)
        return self.train, self.test


def refuse_test(name: str, test: float | None) -> None:
    """Raise `ValueError` if `test` is given for data with an official test part."""
    if test is not None:
        raise ValueError(
            f"`test` must be None: {name!r} has a test part of its own. Received: test={test!r}"
        )


def load_class_data(
    source: Any,
    *,
    normal_class: Any = None,
    by_class: bool = True,
    image_size: int | tuple[int, int] | None = None,
    unreadable: str = "error",
    data_dir: str | os.PathLike | None = None,
) -> ClassData:
    """Load samples with classes; see `one_vs_rest` for the other arguments.

    Args:
        source: A resolved name or path (`catalog.resolve`), arrays `(x, classes)` or `x`
            alone, or a dataset of such pairs.
        normal_class: The normal class.
        by_class: See `list_images`.
        image_size: Size that images are resized to.
        unreadable: What to do about unreadable image files.
        data_dir: Folder of tensorflow-datasets.

    Raises:
        ValueError: If `source` cannot be read, or `image_size` is given for data that
            are not resized.
        OSError: If it cannot be read or downloaded.
    """
    kind = source.kind if isinstance(source, DataSource) else None
    if kind == FOLDER:
        name = None if normal_class is None else str(normal_class)
        listing = list_images(source.path, normal_class=name, by_class=by_class)
        return _load_folder(source, listing, image_size, unreadable)
    if kind == IMAGE_SET:
        train, test, names = load_image_set(source.name, data_dir, image_size)
        return ClassData(source.name, train, test, names, resized=image_size is not None)
    if image_size is not None:
        raise ValueError(
            "`image_size` must be None unless `source` is a folder of images or a set of "
            f"tensorflow-datasets. Received: image_size={image_size!r}"
        )
    if kind == DIGITS:
        return _load_digits()
    if kind is not None:
        return _load_npz(source)
    if is_stream(source):
        return ClassData("dataset", read_stream(source), None, [])
    return _load_arrays(source)


def _load_folder(
    source: DataSource,
    listing: ImageListing,
    image_size: int | tuple[int, int] | None,
    unreadable: str,
) -> ClassData:
    counts = [len(part or ()) for part in (listing.train, listing.test, listing.validation)]
    files = [*listing.train, *(listing.test or []), *(listing.validation or [])]
    readable: list[int] = []

    def images():
        for index, image in read_images(files, image_size=image_size, unreadable=unreadable):
            readable.append(index)
            yield image[None]

    x = spool(images())
    names = np.array([relative_name(file.path, source.path) for file in files])
    pool = Pool(x, _class_numbers(files, listing.classes)[readable], names[readable])
    part = np.repeat(np.arange(3), counts)[readable]
    train, test, validation = (pool.take(np.flatnonzero(part == number)) for number in range(3))
    shrunk = note_on_shrinking(files, image_size)
    return ClassData(
        source.name,
        train,
        None if listing.test is None else test,
        listing.classes,
        default_normal=listing.default_normal or 0,
        resized=image_size is not None,
        validation=None if listing.validation is None else validation,
        unlabelled=listing.unlabelled,
        notes=() if shrunk is None else (shrunk,),
    )


def _class_numbers(files: list[ImageFile], names: list[str]) -> np.ndarray:
    numbers = {name: number for number, name in enumerate(names)} | {UNLABELLED: 0}
    return np.array([numbers[file.label] for file in files])


def _load_digits() -> ClassData:
    from sklearn.datasets import load_digits

    digits = load_digits()
    pool = Pool(digits.images[..., None].astype("float32"), digits.target)
    return ClassData("digits", pool, None, [])


def _load_npz(source: DataSource) -> ClassData:
    path = source.path
    if path.suffix.lower() != ".npz":
        raise ValueError(
            f"`source` must hold samples with classes; {str(path)!r} is a table: pass it to "
            "`tabular`"
        )
    with NpzFile(path) as file:
        samples = find_name("samples", IMAGE_NAMES, file.names, path)
        label = find_label_name(None, file.names, path, optional=True)
        classes = None if label is None else np.ravel(file.read(label))
        x = spool(file.blocks(samples, NPZ_ROWS))
    return _checked_arrays(source.name, x, classes)


def _load_arrays(source: Any) -> ClassData:
    if isinstance(source, (np.ndarray, Rows)):
        return _checked_arrays("arrays", as_rows(source), None)
    if not isinstance(source, (tuple, list)) or len(source) != 2:
        raise ValueError(
            "`source` must be a name, a path, a dataset, an array `x` or a pair of arrays "
            f"`(x, classes)`. Received: {type(source).__name__}"
        )
    return _checked_arrays("arrays", as_rows(source[0]), np.asarray(source[1]))


def _checked_arrays(name: str, x: Any, classes: np.ndarray | None) -> ClassData:
    """Return the data; without classes all samples are of class 0."""
    found = np.zeros(len(x) if x.ndim else 0, "int64") if classes is None else classes
    if x.ndim < 2 or found.shape != (len(x),):
        raise ValueError(
            "`source` must be `(x, classes)` of shapes (samples, ...) and (samples,). "
            f"Received: shapes {x.shape} and {None if classes is None else classes.shape}"
        )
    pool = Pool(x, found, np.arange(len(x)))
    return ClassData(name, pool, None, [], unlabelled=PARTS if classes is None else ())
