"""The data sets that `kerasocc train --dataset` takes by name."""

from __future__ import annotations

import json
import os
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from kerasocc.datasets.catalog import IMAGE_SUFFIXES, RESERVED, shape_in_npz, tables_in

GTSRB = "Final_Training"
PARTS = ("train", "test", GTSRB.lower())
"""Folders that hold folders of classes, in lower case; no data sets themselves."""


class Entry(NamedTuple):
    """A data set that can be named.

    Attributes:
        name: What to call it.
        kind: What it is, in words.
        size: Rows and columns, or what else is known without reading it.
        location: Its path, or how to get it.
    """

    name: str
    kind: str
    size: str
    location: str


def entries(
    tfds_dir: str | os.PathLike | None = None, data_dir: str | os.PathLike | None = None
) -> list[Entry]:
    """The data sets that are known, and those on disk.

    Args:
        tfds_dir: Folder of tensorflow-datasets; default `TFDS_DATA_DIR`, else its own.
        data_dir: Folder of tables and images; default `KERASOCC_DATA_DIR`.
    """
    own = Path("~/tensorflow_datasets").expanduser()
    tfds = Path(tfds_dir or os.environ.get("TFDS_DATA_DIR") or own)
    root = data_dir or os.environ.get("KERASOCC_DATA_DIR")
    on_disk = [p for p in _folders(tfds) if _is_tfds_set(p)]
    names = [*RESERVED[1:], *sorted(p.name for p in on_disk if p.name not in RESERVED)]
    paths = {p.name: str(p) for p in on_disk}
    absent = "downloaded on first use"
    sets = [Entry(n, "images", _tfds_size(tfds / n), paths.get(n, absent)) for n in names]
    found = tables_in(root)
    tables = [Entry(n, *_kind_and_size(found[n]), str(found[n])) for n in sorted(found)]
    return [Entry("digits", "images", "1797 of 8x8", "embedded"), *sets, *tables, *_images(root)]


def _folders(folder: Path) -> list[Path]:
    """The folders in a folder, none where it cannot be read."""
    try:
        return sorted(p for p in folder.iterdir() if p.is_dir() and not p.name.startswith("."))
    except OSError:
        return []


def _is_tfds_set(folder: Path) -> bool:
    """Whether a folder holds a set of tensorflow-datasets, with a folder per version."""
    return any(folder.glob("*/dataset_info.json"))


def _tfds_size(folder: Path) -> str:
    """Samples of the newest version, from the description that lies beside the data."""
    descriptions = sorted(folder.glob("*/dataset_info.json"))
    try:
        splits = json.loads(descriptions[-1].read_text(encoding="utf-8"))["splits"]
        lengths = [int(length) for split in splits for length in split.get("shardLengths", [])]
    except (IndexError, KeyError, TypeError, AttributeError, ValueError, OSError):
        return "?"  # no description, or one of another format
    return str(sum(lengths)) if lengths else "?"


def _kind_and_size(path: Path) -> tuple[str, str]:
    if path.suffix.lower() != ".npz":
        return "table", "?"
    try:
        count, *shape = shape_in_npz(path)
    except (ValueError, OSError):
        return "unreadable", "?"
    return "images" if len(shape) > 1 else "table", f"{count} of {'x'.join(map(str, shape))}"


def _images(root: str | os.PathLike | None) -> list[Entry]:
    """Folders that `datasets.readers.image_folders` can list, two levels deep at most."""
    if root is None:
        return []
    candidates = [q for p in _folders(Path(root)) for q in (p, *_folders(p))]
    chosen = [p for p in candidates if p.name.lower() not in PARTS and _has_images(p)]
    return [Entry(p.name, "folder of images", "?", str(p)) for p in chosen]


def _has_images(folder: Path) -> bool:
    """Whether there are images in the folders of a folder, or in those of its parts."""
    inner = _folders(folder)
    parts = [p / "Images" if p.name == GTSRB else p for p in inner if p.name.lower() in PARTS]
    classes = [q for p in parts for q in _folders(p)] or inner
    files = (file for p in classes for file in p.glob("*"))
    return any(file.suffix.lower() in IMAGE_SUFFIXES for file in islice(files, 100))
