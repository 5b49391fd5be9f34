"""The images of a folder with their classes and official parts, before any is opened."""

from __future__ import annotations

from operator import attrgetter
from pathlib import Path
from typing import NamedTuple

from kerasocc.datasets.catalog import IMAGE_SUFFIXES
from kerasocc.datasets.readers.folder_scan import natural_key
from kerasocc.datasets.readers.image_decoding import ImageFile

NORMAL = "good"
"""Name of the normal class in MVTec-AD."""


class ImageListing(NamedTuple):
    """The images of a folder, each part sorted by path.

    Attributes:
        train: Images of the training part.
        test: Images of the official test part; None if there is none.
        classes: Sorted names of all classes.
        default_normal: `"good"` in layouts like that of MVTec-AD, else None.
    """

    train: list[ImageFile]
    test: list[ImageFile] | None
    classes: list[str]
    default_normal: str | None


def make_listing(train: list[ImageFile], test: list[ImageFile] | None) -> ImageListing:
    """Sort the images of both parts and collect their classes."""
    labels = {file.label for file in train}
    normal = NORMAL if test is not None and NORMAL in labels else None
    labels |= {file.label for file in test or ()}
    by_path = attrgetter("path")
    return ImageListing(
        sorted(train, key=by_path),
        None if test is None else sorted(test, key=by_path),
        sorted(labels, key=natural_key),
        normal,
    )


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
