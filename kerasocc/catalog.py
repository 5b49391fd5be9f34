"""Where data are: what a name or a path stands for, and what lies in the data folders.

Imports neither NumPy nor Keras before it has to look into a file.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from typing import Any

DIGITS, FOLDER, TABLE, IMAGE_FILE, IMAGE_SET = "digits", "folder", "table", "image file", "set"
"""What a source may be: embedded, a folder of images, a table, an `.npz` file of images, an
image set of tensorflow-datasets."""

RESERVED = ("digits", "mnist", "fashion_mnist", "cifar10")
"""Names that never stand for a folder or a table, whatever lies in the working directory."""

TABLE_SUFFIXES = (".npz", ".mat", ".csv", ".parquet")
IMAGE_SUFFIXES = (
    ".png",
    ".jpg",
    ".jpeg",
    ".ppm",
    ".pgm",
    ".bmp",
    ".gif",
    ".tif",
    ".tiff",
    ".webp",
)
"""Suffixes of the files that count as images, in any case."""
LABEL_NAMES = ("y", "label", "labels", "class", "target", "outlier", "anomaly", "is_anomaly")
"""What a label column or array may be called, in any case."""
SAMPLE_NAMES = ("x", "data", "samples", "features")
IMAGE_NAMES = ("image", "images", *SAMPLE_NAMES)
"""What the array of images in an `.npz` file may be called, in any case."""


def kind_of(source: str | os.PathLike, data_dir: str | os.PathLike | None = None) -> str:
    """What kind of data a path or a name stands for.

    Args:
        source: A path; else a name. One of `RESERVED` has to be given as a path
            (`./mnist`) to mean a folder or file of that name.
        data_dir: Folder that names are looked for in, default `KERASOCC_DATA_DIR`.

    Returns:
        `DIGITS`, `FOLDER`, `TABLE`, `IMAGE_FILE`, or, where nothing of that name was
        found, `IMAGE_SET`.

    Raises:
        FileNotFoundError: If `source` is the path of a table that does not exist.
    """
    if source == "digits":
        return DIGITS
    if source in RESERVED:
        return IMAGE_SET
    if find_folder(source, data_dir) is not None:
        return FOLDER
    if Path(source).suffix.lower() in TABLE_SUFFIXES:
        return _kind_of_file(find_table(source))
    tables = tables_in(data_dir or os.environ.get("KERASOCC_DATA_DIR"))
    return _kind_of_file(tables[str(source)]) if str(source) in tables else IMAGE_SET


def find_folder(source: Any, data_dir: str | os.PathLike | None = None) -> Path | None:
    """The folder of images that a source stands for, or None.

    Args:
        source: A path, or the name of a folder below `KERASOCC_DATA_DIR`.
        data_dir: Folder instead of that variable.
    """
    if not isinstance(source, (str, os.PathLike)) or source in RESERVED:
        return None
    path = Path(source)
    if path.is_dir() or (isinstance(source, os.PathLike) and not path.suffix):
        return path
    root = data_dir or os.environ.get("KERASOCC_DATA_DIR")
    if root is None or path.is_absolute():
        return None
    # Not deeper: below lie the images themselves, thousands of them.
    folders = [Path(root), *(p for p in sorted(Path(root).glob("*")) if p.is_dir())]
    found = [folder / path for folder in folders if (folder / path).is_dir()]
    return next((p for p in found if _holds_images(p)), None)


def _holds_images(folder: Path) -> bool:
    """Whether there are images among the first files below a folder."""
    names = (name for _, _, names in os.walk(folder) for name in names)
    return any(Path(name).suffix.lower() in IMAGE_SUFFIXES for name in islice(names, 5000))


def find_table(name: str | os.PathLike, data_dir: str | os.PathLike | None = None) -> Path:
    """Path of a table given by its path or by its name.

    Args:
        name: A path, or the name of a file in `data_dir` without its suffix and
            without a number in front (`4_breastw.npz` is found as `"breastw"`).
        data_dir: Folder that is searched, its folders included; default the
            variable `KERASOCC_DATA_DIR`.

    Raises:
        FileNotFoundError: If there is none; near names are listed.
    """
    path = Path(name)
    if path.suffix.lower() in TABLE_SUFFIXES:
        if path.exists():
            return path
        raise FileNotFoundError(f"There is no table {str(path)!r}.")
    folder = data_dir or os.environ.get("KERASOCC_DATA_DIR")
    if folder is None:
        raise FileNotFoundError(
            f"`source` must be a path that ends in one of {list(TABLE_SUFFIXES)}, or "
            f"KERASOCC_DATA_DIR must name a folder that holds the table. Received: {str(name)!r}"
        )
    by_name = tables_in(folder)
    if str(name) in by_name:
        return by_name[str(name)]
    raise FileNotFoundError(
        f"There is no table {str(name)!r} among the {len(by_name)} in {str(folder)!r}."
        f"{near_names(str(name), by_name)}"
    )


def tables_in(folder: str | os.PathLike | None) -> dict[str, Path]:
    """The tables in a folder and its folders, by name."""
    if folder is None:
        return {}
    files = [f for f in sorted(Path(folder).rglob("*")) if f.suffix.lower() in TABLE_SUFFIXES]
    return {_plain_name(file): file for file in reversed(files)}


def near_names(name: str, names: Iterable[str], count: int = 5) -> str:
    """A sentence that lists the names that are near to a wrong one; empty without any."""
    near = difflib.get_close_matches(name, list(names), n=count)
    return f" Near names: {', '.join(near)}." if near else ""


def find_name(what: str, names: tuple[str, ...], available: Iterable[Any], path: Path) -> Any:
    """The one of the `available` names that is among `names`, in any case.

    Raises:
        ValueError: If there is none, listing what there is.
    """
    available = list(available)
    for candidate in available:
        if str(candidate).lower() in [name.lower() for name in names]:
            return candidate
    shown = [str(name) for name in available if not str(name).startswith("__")]
    other = ", or `label` must name them" if names is LABEL_NAMES else ""
    raise ValueError(
        f"{str(path)!r} must have {what} called one of {list(names)}{other}. Received: {shown[:20]}"
    )


def shape_in_npz(path: Path) -> tuple[int, ...]:
    """Shape of the samples in an `.npz` file, read from its header.

    Raises:
        ValueError: If it is no such file or has no samples.
    """
    from kerasocc.npz import NpzFile

    with NpzFile(path) as file:
        return file.shape(find_name("samples", IMAGE_NAMES, file.names, path))


def _kind_of_file(path: Path) -> str:
    is_image = path.suffix.lower() == ".npz" and len(shape_in_npz(path)) > 2
    return IMAGE_FILE if is_image else TABLE


def _plain_name(file: Path) -> str:
    number, _, rest = file.stem.partition("_")
    return rest if number.isdecimal() and rest else file.stem
