"""The layout of VOC2012, whose images show several classes.

`JPEGImages/*.jpg`, `ImageSets/Main/<class>_train.txt` and `_val.txt`. A line holds an image and 1
(it shows the class), -1 (it does not) or 0 (difficult, left out). `val` is the test part.
"""

from __future__ import annotations

from pathlib import Path

from kerasocc.datasets.catalog import near_names
from kerasocc.datasets.readers.image_decoding import ImageFile
from kerasocc.datasets.readers.image_listing import (
    ImageListing,
    check_not_empty,
    existing_image,
    make_listing,
)

OTHER = "other"
"""Label of the images that do not show the chosen class."""


def find_voc(folder: Path) -> Path | None:
    """Return the folder of VOC2012: `folder`, or one below it in `VOCdevkit`; else None."""
    for root in (folder, folder / "VOC2012", folder / "VOCdevkit" / "VOC2012"):
        if (root / "JPEGImages").is_dir() and (root / "ImageSets" / "Main").is_dir():
            return root
    return None


def list_voc(root: Path, normal_class: str | None, by_class: bool) -> ImageListing:
    """List the images; see `list_images`."""
    lists = root / "ImageSets" / "Main"
    prefix, labels = "", {"": ""}
    if by_class:
        classes = sorted(path.name.removesuffix("_train.txt") for path in lists.glob("*_train.txt"))
        if normal_class not in classes:
            raise ValueError(
                f"`normal_class` must be one of {classes}, the classes of {str(root)!r}."
                f"{near_names(str(normal_class), classes)} Received: normal_class={normal_class!r}"
            )
        prefix, labels = f"{normal_class}_", {"1": normal_class, "-1": OTHER, "0": None}
    parts = (_voc_part(lists / f"{prefix}{part}.txt", labels) for part in ("train", "val"))
    return make_listing(*parts)


def _voc_part(path: Path, labels: dict[str, str | None]) -> list[ImageFile]:
    """List the images of one file; `labels` maps what follows their names to labels."""
    images, files = path.parents[2] / "JPEGImages", []
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    for row, line in enumerate(lines, start=1):
        words = line.split()
        mark = " ".join(words[1:])
        if not words or mark not in labels:
            expected = "an image and 1, -1 or 0" if len(labels) > 1 else "one image"
            raise ValueError(
                f"{str(path)!r} must hold {expected} in every row. Received: {line!r} in row {row}"
            )
        if labels[mark] is not None:
            files.append(ImageFile(existing_image(images / f"{words[0]}.jpg", path), labels[mark]))
    return check_not_empty(files, path)
