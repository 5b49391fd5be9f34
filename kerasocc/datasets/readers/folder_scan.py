"""Folders and image files below a folder, in natural order of their names.

Hidden files and folders, folders called `ground_truth` (the masks of MVTec-AD) and files without
an image suffix are ignored. Links to folders are followed, each folder once.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from kerasocc.datasets.catalog import IMAGE_SUFFIXES

MASKS = "ground_truth"
"""Folders of masks in MVTec-AD, which hold no samples."""


PART_NAMES = {
    "train": ("train", "training"),
    "validation": ("validation", "val", "valid"),
    "test": ("test", "testing"),
}
"""Names of the folders of the parts of a data set, in lower case."""


def scan_folder(folder: Path) -> tuple[list[Path], list[Path]]:
    """List the folders and the images directly in a folder, without links to its parents."""
    with os.scandir(folder) as entries:
        visible = [entry for entry in entries if not entry.name.startswith(".")]
    here = folder.resolve()
    folders, images = [], []
    for entry in sorted(visible, key=lambda entry: natural_key(entry.name)):
        path = folder / entry.name
        # `entry.is_dir()` needs no system call, but raises for a link to itself.
        if path.is_dir() if entry.is_symlink() else entry.is_dir():
            if entry.name != MASKS and path.resolve() not in (here, *here.parents):
                folders.append(path)
        elif path.suffix.lower() in IMAGE_SUFFIXES:
            images.append(path)
    return folders, images


def images_below(folder: Path) -> Iterator[Path]:
    """Yield every image below a folder, depth first."""
    visited, pending = set(), [folder]
    while pending:
        path = pending.pop()
        real = path.resolve()
        if real not in visited:
            visited.add(real)
            folders, images = scan_folder(path)
            yield from images
            pending += reversed(folders)


def train_and_test(folder: Path) -> tuple[Path, Path] | None:
    """Return the folders `train` and `test`, in any case, if both exist."""
    found = {path.name.lower(): path for path in reversed(scan_folder(folder)[0])}
    return (found["train"], found["test"]) if {"train", "test"} <= set(found) else None


class Parts(NamedTuple):
    """Folders of the parts of a data set; None for a part that there is not."""

    train: Path
    validation: Path | None
    test: Path | None


def find_parts(folder: Path) -> Parts | None:
    """Return the folders of the parts of a data set, by their names in `PART_NAMES`, in any case.

    A folder with `train` holds parts if it also has another part, or no other folder of images:
    among folders with other names `train` is a class like them.

    Raises:
        ValueError: If two folders are called by names of one part.
    """
    found: dict[str, Path] = {}
    others = False
    for path in scan_folder(folder)[0]:
        part = next((p for p, names in PART_NAMES.items() if path.name.lower() in names), None)
        if part is not None and part in found:
            raise ValueError(
                f"{str(folder)!r} must have one folder for the part {part!r}. Received: "
                f"{[found[part].name, path.name]}"
            )
        if part is not None:
            found[part] = path
        others = others or (part is None and any(True for _ in images_below(path)))
    if "train" not in found or (len(found) == 1 and others):
        return None
    return Parts(*(found.get(part) for part in PART_NAMES))


def natural_key(name: str) -> tuple[list[str | int], str]:
    """Return a sorting key that compares the numbers in names as numbers."""
    words = re.split(r"(\d+)", name)
    return [int(word) if word.isdecimal() else word for word in words], name
