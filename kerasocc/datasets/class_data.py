"""Data with classes, from wherever the user has them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from kerasocc.catalog import IMAGE_NAMES, LABEL_NAMES, find_folder, find_name, near_names
from kerasocc.checks import check_fraction
from kerasocc.datasets.image_files import ImageFile, read_images
from kerasocc.datasets.image_folders import ImageListing, list_images
from kerasocc.datasets.image_sets import load_image_set
from kerasocc.datasets.one_class import TEST_FRACTION, Pool, split
from kerasocc.datasets.spool import spool
from kerasocc.datasets.streams import is_stream, read_stream
from kerasocc.npz import NpzFile
from kerasocc.rows import as_rows


class ClassData(NamedTuple):
    """Samples with their classes, and what is known of them.

    Attributes:
        name: What the data are called.
        train: The training part, or all samples.
        test: The test part that the data came with, or None.
        class_names: Names of the classes 0, 1, ...; empty if they have none.
        default_normal: The class that is normal if nobody says.
        resized: Whether images were brought to another size.
    """

    name: str
    train: Pool
    test: Pool | None
    class_names: list[str]
    default_normal: Any = 0
    resized: bool = False

    def find_class(self, argument: str, value: Any) -> Any:
        """The class that `value`, a name or a number, stands for.

        Raises:
            ValueError: If there is no such class; `argument` is named.
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

    def parts(self, test: float | None, seed: int) -> tuple[Pool, Pool]:
        """The training and the test part: those of the data, or drawn.

        Args:
            test: Fraction that is the test part, None for the default; only for data
                without a test part of their own.
            seed: Seed of the draw.

        Raises:
            ValueError: If `test` is out of range, or the data have a test part.
        """
        if self.test is None:
            fraction = TEST_FRACTION if test is None else check_fraction("test", test)
            return split(self.train, fraction, np.random.default_rng([seed, 1]))
        refuse_test(self.name, test)
        return self.train, self.test


def refuse_test(name: str, test: float | None) -> None:
    """Raise `ValueError` if a test fraction is asked of data with a test part of their own."""
    if test is not None:
        raise ValueError(
            f"`test` must be None: {name!r} has a test part of its own. Received: test={test!r}"
        )


def load_class_data(
    source: Any,
    *,
    normal_class: Any = None,
    cut: bool = True,
    image_size: int | tuple[int, int] | None = None,
    unreadable: str = "error",
    data_dir: str | os.PathLike | None = None,
) -> ClassData:
    """Load what `one_vs_rest` takes; see there for the other arguments.

    Args:
        source: As there.
        normal_class: As there.
        cut: Whether VOC2012, whose images show several classes, is cut by one. All its
            images are of class 0 if not.
        image_size: As there.
        unreadable: As there.
        data_dir: As there.

    Raises:
        ValueError: If `source` is nothing that can be read, or `image_size` is given
            for data that are not resized.
        OSError: If it cannot be read or downloaded.
    """
    folder = find_folder(source, data_dir)
    if folder is not None:
        name = None if normal_class is None else str(normal_class)
        listing = list_images(folder, normal_class=name, cut=cut)
        return _load_folder(folder, listing, image_size, unreadable)
    is_name = isinstance(source, str) and not source.endswith(".npz")
    if is_name and source != "digits":
        train, test, names = load_image_set(source, data_dir, image_size)
        return ClassData(source, train, test, names, resized=image_size is not None)
    if image_size is not None:
        raise ValueError(
            "`image_size` must be None unless `source` is a folder of images or a set of "
            f"tensorflow-datasets. Received: image_size={image_size!r}"
        )
    if is_name:
        return _load_digits()
    if isinstance(source, (str, os.PathLike)):
        return _load_npz(Path(source))
    if is_stream(source):
        return ClassData("dataset", read_stream(source), None, [])
    return _load_arrays(source)


def _load_folder(
    folder: Path, listing: ImageListing, image_size: int | tuple[int, int] | None, unreadable: str
) -> ClassData:
    files = [*listing.train, *(listing.test or [])]
    kept: list[int] = []

    def images():
        for position, image in read_images(files, image_size=image_size, unreadable=unreadable):
            kept.append(position)
            yield image[None]

    x = spool(images())
    pool = Pool(x, _class_numbers(files, listing.classes)[kept])
    is_test = np.array(kept) >= len(listing.train)
    return ClassData(
        folder.resolve().name,
        pool.take(np.flatnonzero(~is_test)),
        None if listing.test is None else pool.take(np.flatnonzero(is_test)),
        listing.classes,
        default_normal=listing.default_normal or 0,
        resized=image_size is not None,
    )


def _class_numbers(files: list[ImageFile], names: list[str]) -> np.ndarray:
    numbers = {name: number for number, name in enumerate(names)}
    return np.array([numbers[file.label] for file in files])


def _load_digits() -> ClassData:
    from sklearn.datasets import load_digits

    digits = load_digits()
    pool = Pool(digits.images[..., None].astype("float32"), digits.target)
    return ClassData("digits", pool, None, [])


def _load_npz(path: Path) -> ClassData:
    with NpzFile(path) as file:
        samples = find_name("samples", IMAGE_NAMES, file.names, path)
        classes = np.ravel(file.read(find_name("labels", LABEL_NAMES, file.names, path)))
        x = spool(file.blocks(samples, 1000))
    return _checked_arrays(path.stem, x, classes)


def _load_arrays(source: Any) -> ClassData:
    if not isinstance(source, (tuple, list)) or len(source) != 2:
        raise ValueError(
            "`source` must be a name, a path, a dataset or a pair of arrays `(x, classes)`. "
            f"Received: {type(source).__name__}"
        )
    return _checked_arrays("arrays", as_rows(source[0]), np.asarray(source[1]))


def _checked_arrays(name: str, x: Any, classes: np.ndarray) -> ClassData:
    if x.ndim < 2 or classes.shape != (len(x),):
        raise ValueError(
            "`source` must be `(x, classes)` of shapes (samples, ...) and (samples,). "
            f"Received: shapes {x.shape} and {classes.shape}"
        )
    return ClassData(name, Pool(x, classes), None, [])
