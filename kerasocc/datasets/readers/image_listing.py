"""The images of a folder with their classes and official parts, before any is opened."""

from __future__ import annotations

from collections.abc import Iterable
from operator import attrgetter
from pathlib import Path
from typing import NamedTuple

from kerasocc.datasets.catalog import IMAGE_SUFFIXES
from kerasocc.datasets.readers.folder_scan import natural_key
from kerasocc.datasets.readers.image_decoding import ImageFile

NORMAL_NAMES = ("good", "normal")
"""Names of a normal class, in any case; the first is that of MVTec-AD."""

UNLABELLED = ""
"""Label of the images of a folder that has no folders of classes."""


class ImageListing(NamedTuple):
    """The images of a folder, each part sorted by path.

    Attributes:
        train: Images of the training part.
        test: Images of the official test part; None if there is none.
        classes: Sorted names of all classes; empty if the training part has none.
        default_normal: The class that is called as in `NORMAL_NAMES`, else the only class of
            the training part, else None.
        validation: Images of the validation part; None if there is none.
        unlabelled: Names of the parts whose images were taken for normal ones, because they
            do not lie in folders of classes: among `"train"`, `"val"` and `"test"`.
    """

    train: list[ImageFile]
    test: list[ImageFile] | None
    classes: list[str]
    default_normal: str | None
    validation: list[ImageFile] | None = None
    unlabelled: tuple[str, ...] = ()


def make_listing(
    train: list[ImageFile],
    test: list[ImageFile] | None,
    validation: list[ImageFile] | None = None,
    *,
    unlabelled: tuple[str, ...] = (),
) -> ImageListing:
    """Sort the images of all parts and collect their classes."""
    of_training = {file.label for file in train}
    labels = {file.label for part in (train, test, validation) for file in part or ()}
    normal = find_normal(labels)
    if normal is None and len(of_training) == 1:
        normal = min(of_training)
    by_path = attrgetter("path")
    return ImageListing(
        sorted(train, key=by_path),
        None if test is None else sorted(test, key=by_path),
        sorted(labels - {UNLABELLED}, key=natural_key),
        normal or None,
        None if validation is None else sorted(validation, key=by_path),
        unlabelled,
    )


def find_normal(labels: Iterable[str]) -> str | None:
    """Return the label that is called as in `NORMAL_NAMES`; None if there is not exactly one."""
    found = [label for label in labels if label.lower() in NORMAL_NAMES]
    return found[0] if len(found) == 1 else None


def relative_name(path: Path, folder: Path) -> str:
    """Return the path of an image below a folder, as text; the whole path if it is elsewhere."""
    return path.relative_to(folder).as_posix() if path.is_relative_to(folder) else str(path)


def existing_image(path: Path, listed_in: Path) -> Path:
    """Return `path`; raise `FileNotFoundError` if the image that a list names is missing."""
    if not path.is_file():
        raise FileNotFoundError(f"There is no image {str(path)!r}, which {str(listed_in)!r} lists.")
    return path


def check_not_empty(files: list[ImageFile], path: Path) -> list[ImageFile]:
    """Return `files`; raise `ValueError` if there are none."""
    if not files:
        raise ValueError(
            f"{str(path)!r} must hold images (files that end in {', '.join(IMAGE_SUFFIXES)}). "
            "Received: none"
        )
    return files
