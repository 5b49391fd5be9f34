"""Resolves what a name or a path stands for, once for all of the package.

Imports neither NumPy nor Keras before it has to look into a file.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from kerasocc.datasets.field_names import IMAGE_NAMES, find_name

DIGITS, FOLDER, TABLE, IMAGE_FILE, IMAGE_SET = "digits", "folder", "table", "image file", "set"
"""Kinds of sources: scikit-learn's digits, a folder of images, a table, an `.npz` file of images,
an image set of tensorflow-datasets."""

RESERVED = ("digits", "mnist", "fashion_mnist", "cifar10")
"""Names that never stand for a folder or a table, whatever the working directory holds."""

TABLE_SUFFIXES = (".npz", ".mat", ".csv", ".tsv", ".parquet", ".xlsx", ".xlsm")
"""Suffixes of tables that may have labels, in any case."""
PACKED_SUFFIXES = (".gz", ".bz2", ".zst")
"""Suffixes that text files of tables may have behind their own."""
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
"""Suffixes of image files, in any case."""


@dataclass(frozen=True)
class DataSource:
    """A resolved name or path: everything below `resolve` reads this, not the name.

    Attributes:
        kind: `DIGITS`, `FOLDER`, `TABLE`, `IMAGE_FILE` or `IMAGE_SET`.
        name: Name of the data in reports; of an `IMAGE_SET` its name in
            tensorflow-datasets.
        path: The folder or file; None for `DIGITS` and `IMAGE_SET`.
    """

    kind: str
    name: str
    path: Path | None = None


def resolve(
    source: str | os.PathLike | DataSource, data_dir: str | os.PathLike | None = None
) -> DataSource:
    """Resolve what a path or a name stands for.

    Args:
        source: A path, else a name; a `DataSource` is returned as it is. A name in
            `RESERVED` has to be given as a path (`./mnist`) to mean a folder or file
            of that name.
        data_dir: Folder in which names are looked up, default `KERASOCC_DATA_DIR`.

    Returns:
        The source. A name under which nothing is found is an `IMAGE_SET`; whether
        tensorflow-datasets knows it is checked when it is loaded.

    Raises:
        FileNotFoundError: If `source` is the path of a table that does not exist.
        ValueError: If it is an `.npz` file that cannot be read or has no samples.
    """
    if isinstance(source, DataSource):
        return source
    if source == "digits":
        return DataSource(DIGITS, "digits")
    if source in RESERVED:
        return DataSource(IMAGE_SET, str(source))
    folder = _find_folder(source, data_dir)
    if folder is not None:
        return DataSource(FOLDER, folder.resolve().name, folder)
    if table_suffix(source) in TABLE_SUFFIXES:
        return _resolve_file(_existing_table(Path(source)))
    tables = tables_in(_data_dir(data_dir))
    if str(source) in tables:
        return _resolve_file(tables[str(source)])
    return DataSource(IMAGE_SET, str(source))


def resolve_table(
    source: str | os.PathLike | DataSource, data_dir: str | os.PathLike | None = None
) -> DataSource:
    """Resolve a name or path that must be a table; here no name is reserved.

    Args:
        source: A path; the name of a file in `data_dir` without its suffix and
            without a number in front (`4_breastw.npz` is found as `"breastw"`); or
            a `DataSource`, which is returned as it is.
        data_dir: Folder that is searched recursively; default the variable
            `KERASOCC_DATA_DIR`.

    Raises:
        FileNotFoundError: If there is no such table; similar names are listed.
    """
    if isinstance(source, DataSource):
        return source
    path = find_table(source, data_dir)
    return DataSource(TABLE, table_stem(path), path)


def find_table(name: str | os.PathLike, data_dir: str | os.PathLike | None = None) -> Path:
    """Return the path of a table; see `resolve_table` for arguments and errors."""
    path = Path(name)
    if table_suffix(path) in TABLE_SUFFIXES:
        return _existing_table(path)
    folder = _data_dir(data_dir)
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
    """List the tables below a folder by name; empty for None."""
    if folder is None:
        return {}
    files = [f for f in sorted(Path(folder).rglob("*")) if table_suffix(f) in TABLE_SUFFIXES]
    return {_plain_name(file): file for file in reversed(files)}


def named_tables(data_dir: str | os.PathLike | None = None) -> dict[str, Path]:
    """List the tables that `resolve` finds by name.

    Args:
        data_dir: Folder that is searched, default `KERASOCC_DATA_DIR`.
    """
    return tables_in(_data_dir(data_dir))


def table_suffix(path: str | os.PathLike) -> str:
    """Return the suffix of a file in lower case, that of the text in a compressed one."""
    path = Path(path)
    suffix, inner = path.suffix.lower(), Path(path.stem).suffix.lower()
    return inner if suffix in PACKED_SUFFIXES and inner in (".csv", ".tsv") else suffix


def table_stem(path: Path) -> str:
    """Return the name of a file without its suffixes."""
    is_packed = table_suffix(path) != path.suffix.lower()
    return Path(path.stem).stem if is_packed else path.stem


def near_names(name: str, names: Iterable[str], count: int = 5) -> str:
    """Return a sentence that lists names similar to a wrong one; empty if there are none."""
    near = difflib.get_close_matches(name, list(names), n=count)
    return f" Near names: {', '.join(near)}." if near else ""


def shape_in_npz(path: Path) -> tuple[int, ...]:
    """Return the shape of the samples in an `.npz` file, read from its header.

    Raises:
        ValueError: If the file cannot be read or has no samples.
    """
    from kerasocc.datasets.storage.npz import NpzFile

    with NpzFile(path) as file:
        return file.shape(find_name("samples", IMAGE_NAMES, file.names, path))


def _data_dir(data_dir: str | os.PathLike | None) -> str | os.PathLike | None:
    return data_dir or os.environ.get("KERASOCC_DATA_DIR")


def _find_folder(
    source: str | os.PathLike, data_dir: str | os.PathLike | None = None
) -> Path | None:
    """Return the folder of images that a path or a name stands for, or None."""
    path = Path(source)
    if path.is_dir() or (isinstance(source, os.PathLike) and not path.suffix):
        return path
    root = _data_dir(data_dir)
    if root is None or path.is_absolute():
        return None
    # Only one level deep: the folders below hold the images themselves, thousands of them.
    folders = [Path(root), *(p for p in sorted(Path(root).glob("*")) if p.is_dir())]
    found = [folder / path for folder in folders if (folder / path).is_dir()]
    return next((p for p in found if _holds_images(p)), None)


def _holds_images(folder: Path) -> bool:
    """Return whether there are images among the first files below a folder."""
    names = (name for _, _, names in os.walk(folder) for name in names)
    return any(Path(name).suffix.lower() in IMAGE_SUFFIXES for name in islice(names, 5000))


def _existing_table(path: Path) -> Path:
    if path.exists():
        return path
    raise FileNotFoundError(f"There is no table {str(path)!r}.")


def _resolve_file(path: Path) -> DataSource:
    is_image = path.suffix.lower() == ".npz" and len(shape_in_npz(path)) > 2
    return DataSource(IMAGE_FILE if is_image else TABLE, table_stem(path), path)


def _plain_name(file: Path) -> str:
    stem = table_stem(file)
    number, _, rest = stem.partition("_")
    return rest if number.isdecimal() and rest else stem
