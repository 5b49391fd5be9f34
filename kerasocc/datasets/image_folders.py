"""Images, classes and official parts in a folder, by the layout that is found there.

==================  ======================================================================
VOC2012             `JPEGImages/*.jpg`, `ImageSets/Main/<class>_train.txt` and `_val.txt`;
                    also one or two folders up (`VOCdevkit`). Lines are an image and 1 (it
                    shows the class), -1 (it does not) or 0 (hard to see, left out). An
                    image shows several classes: one is chosen, `normal_class` against
                    `"other"`, or all of `train.txt` and `val.txt` is taken. `val` is the test part.
GTSRB               `Final_Training/Images/00014/GT-00014.csv` with the images beside it,
                    `Final_Test/Images`; also one folder up (`GTSRB`). There is a test part
                    only with `GT-final_test.csv`, in `Final_Test/Images` or above it: the
                    list in the test archive (`GT-final_test.test.csv`) has no classes.
GTSRB of Kaggle     `Train.csv` and `Test.csv` with the columns `ClassId` and `Path`.
train, test         `train/<class>/**`, `test/<class>/**`, in any case (MVTec-AD); other
                    folders beside them and images outside of class folders do not count.
class folders       `<class>/**`, no test part (WikiArt).
==================  ======================================================================

Hidden files and folders, folders called `ground_truth` (the masks of MVTec-AD) and files
without a suffix of an image are ignored. Links to folders are followed, each folder once.
"""

from __future__ import annotations

import csv
import os
import re
from collections.abc import Iterator
from operator import attrgetter
from pathlib import Path
from typing import Any, NamedTuple

from kerasocc.catalog import IMAGE_SUFFIXES, near_names
from kerasocc.datasets.image_files import ImageFile

OTHER = "other"
"""Label of the images of VOC2012 that do not show the chosen class."""
NORMAL = "good"
"""What MVTec-AD calls its normal images."""
MASKS = "ground_truth"
PART_NAMES = {"train", "training", "val", "valid", "validation", "test", "testing"}
BOX_COLUMNS = ("Roi.X1", "Roi.Y1", "Roi.X2", "Roi.Y2")


class ImageListing(NamedTuple):
    """The images of a folder, each part sorted by path.

    Attributes:
        train: Images of the training part.
        test: Images of the test part; None if the folder has none of its own.
        classes: Names of all classes, numbers in them sorted as numbers.
        default_normal: `"good"` in layouts like MVTec-AD's, else None.
    """

    train: list[ImageFile]
    test: list[ImageFile] | None
    classes: list[str]
    default_normal: str | None


def list_images(
    folder: str | os.PathLike, *, normal_class: str | None = None, cut: bool = True
) -> ImageListing:
    """Find the images of a folder and their classes; none is opened.

    Args:
        folder: A folder in one of the layouts above.
        normal_class: The class that VOC2012 is cut by; other layouts ignore it.
        cut: Whether VOC2012 is cut by a class. All its images are listed if not.

    Returns:
        The images.

    Raises:
        FileNotFoundError: If the folder, a list or a file that it names does not exist.
        ValueError: If the folder has none of the layouts, a list is broken (naming
            file, row and column; the header is row 1), or VOC2012 does not have
            `normal_class`.
    """
    folder = Path(folder)
    if not folder.is_dir():
        if folder.exists():
            raise ValueError(f"{str(folder)!r} must be a folder of images. Received: a file")
        raise FileNotFoundError(f"There is no folder {str(folder)!r}.")
    for root in (folder, folder / "VOC2012", folder / "VOCdevkit" / "VOC2012"):
        if (root / "JPEGImages").is_dir() and (root / "ImageSets" / "Main").is_dir():
            return _list_voc(root, normal_class, cut)
    for root in (folder, folder / "GTSRB"):
        if (root / "Final_Training" / "Images").is_dir():
            return _list_gtsrb(root, folder)
    if _is_kaggle(folder / "Train.csv"):
        lists = (folder / "Train.csv", folder / "Test.csv")
        return _listing(*(_signs(path, folder, ",", "Path") for path in lists))
    parts = train_and_test(folder)
    return _listing(*map(_with_classes, parts)) if parts else _list_class_folders(folder)


def list_flat(folder_or_file: str | os.PathLike) -> list[ImageFile]:
    """List every image below a folder, or the one file, without labels.

    Args:
        folder_or_file: The folder, or an image file of any suffix.

    Returns:
        The images sorted by path, each with the label `""`.

    Raises:
        FileNotFoundError: If it does not exist.
        ValueError: If no image is in the folder.
    """
    path = Path(folder_or_file)
    if path.is_file():
        return [ImageFile(path, "")]
    if not path.exists():
        raise FileNotFoundError(f"There is no file or folder {str(path)!r}.")
    files = [ImageFile(file, "") for file in sorted(_images_below(path))]
    return _not_empty(files, path)


def _listing(train: list[ImageFile], test: list[ImageFile] | None) -> ImageListing:
    labels = {file.label for file in train}
    normal = NORMAL if test is not None and NORMAL in labels else None
    labels |= {file.label for file in test or ()}
    by_path = attrgetter("path")
    return ImageListing(
        sorted(train, key=by_path),
        None if test is None else sorted(test, key=by_path),
        sorted(labels, key=natural),
        normal,
    )


def _list_voc(root: Path, normal_class: str | None, cut: bool) -> ImageListing:
    lists = root / "ImageSets" / "Main"
    prefix, labels = "", {"": ""}
    if cut:
        classes = sorted(path.name.removesuffix("_train.txt") for path in lists.glob("*_train.txt"))
        if normal_class not in classes:
            raise ValueError(
                f"`normal_class` must be one of {classes}, the classes of {str(root)!r}."
                f"{near_names(str(normal_class), classes)} Received: normal_class={normal_class!r}"
            )
        prefix, labels = f"{normal_class}_", {"1": normal_class, "-1": OTHER, "0": None}
    parts = (_voc_part(lists / f"{prefix}{part}.txt", labels) for part in ("train", "val"))
    return _listing(*parts)


def _voc_part(path: Path, labels: dict[str, str | None]) -> list[ImageFile]:
    """The images of a list, labelled by what stands behind their names."""
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
            files.append(ImageFile(_listed(images / f"{words[0]}.jpg", path), labels[mark]))
    return _not_empty(files, path)


def _list_gtsrb(root: Path, top: Path) -> ImageListing:
    classes, train = root / "Final_Training" / "Images", []
    for folder in scan(classes)[0]:
        train += _signs(folder / f"GT-{folder.name}.csv", folder, ";", "Filename")
    _not_empty(train, classes)
    images = root / "Final_Test" / "Images"
    lists = [place / "GT-final_test.csv" for place in (images, images.parent, root, top)]
    found = [path for path in lists if path.exists()]
    return _listing(train, _signs(found[0], images, ";", "Filename") if found else None)


def _is_kaggle(path: Path) -> bool:
    if not path.is_file():
        return False
    with path.open(encoding="utf-8", errors="replace") as file:
        header = file.readline()
    return "ClassId" in header or BOX_COLUMNS[0] in header


def _signs(path: Path, folder: Path, delimiter: str, name_column: str) -> list[ImageFile]:
    """The images of a list of GTSRB, cut to the traffic signs."""
    files = []
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file, delimiter=delimiter)
            missing = {name_column, *BOX_COLUMNS, "ClassId"} - set(reader.fieldnames or ())
            if missing:
                raise ValueError(
                    f"{str(path)!r} must have in row 1 the columns {sorted(missing)} too. "
                    f"Received: {reader.fieldnames}"
                )
            for row in reader:
                left, upper, right, lower, label = (
                    _whole(row, column, reader.line_num, path)
                    for column in (*BOX_COLUMNS, "ClassId")
                )
                image = _listed(folder / (row[name_column] or ""), path)
                # The corner that GTSRB gives still belongs to the sign.
                files.append(ImageFile(image, str(label), (left, upper, right + 1, lower + 1)))
    except (csv.Error, UnicodeError) as error:
        raise ValueError(f"{str(path)!r} is no readable .csv file: {error}") from error
    return _not_empty(files, path)


def _whole(row: dict[str, Any], column: str, number: int, path: Path) -> int:
    try:
        return int(row[column])
    except (TypeError, ValueError):
        raise ValueError(
            f"{str(path)!r} must hold whole numbers. Received: {row[column]!r} in row {number}, "
            f"column {column!r}"
        ) from None


def _listed(path: Path, listed_in: Path) -> Path:
    if not path.is_file():
        raise FileNotFoundError(f"There is no image {str(path)!r}, which {str(listed_in)!r} lists.")
    return path


def train_and_test(folder: Path) -> tuple[Path, Path] | None:
    """The folders `train` and `test` if both are there, whatever their case."""
    found = {path.name.lower(): path for path in reversed(scan(folder)[0])}
    return (found["train"], found["test"]) if {"train", "test"} <= set(found) else None


def _list_class_folders(folder: Path) -> ImageListing:
    sets = [path.name for path in scan(folder)[0] if train_and_test(path)]
    if sets:
        raise ValueError(
            f"{str(folder)!r} holds data sets, each with `train` and `test`: choose one of {sets}."
        )
    files = _with_classes(folder)
    names = {file.label for file in files}
    if {name.lower() for name in names} <= PART_NAMES:
        raise ValueError(
            f"{str(folder)!r} must have both `train` and `test`. Received: {sorted(names)}"
        )
    return _listing(files, None)


def _with_classes(folder: Path) -> list[ImageFile]:
    folders, loose = scan(folder)
    files = [ImageFile(image, path.name) for path in folders for image in _images_below(path)]
    if not files:
        raise ValueError(
            f"{str(folder)!r} must hold a folder of images per class, or train/<class> and "
            "test/<class>, or be VOC2012 (JPEGImages, ImageSets/Main) or GTSRB "
            f"(Final_Training/Images, or Train.csv and Test.csv). Received: {len(loose) or 'no'} "
            "images outside of such folders"
        )
    return files


def _images_below(folder: Path) -> Iterator[Path]:
    seen, places = set(), [folder]
    while places:
        place = places.pop()
        real = place.resolve()
        if real not in seen:
            seen.add(real)
            folders, images = scan(place)
            yield from images
            places += reversed(folders)


def scan(folder: Path) -> tuple[list[Path], list[Path]]:
    """Folders and images right in a folder, without links to what it lies in."""
    with os.scandir(folder) as entries:
        visible = [entry for entry in entries if not entry.name.startswith(".")]
    here = folder.resolve()
    folders, images = [], []
    for entry in sorted(visible, key=lambda entry: natural(entry.name)):
        path = folder / entry.name
        # An entry knows for itself whether it is a folder, but fails at a link to itself.
        if path.is_dir() if entry.is_symlink() else entry.is_dir():
            if entry.name != MASKS and path.resolve() not in (here, *here.parents):
                folders.append(path)
        elif path.suffix.lower() in IMAGE_SUFFIXES:
            images.append(path)
    return folders, images


def natural(name: str) -> tuple[list[str | int], str]:
    """Sorting key of a name by which numbers in it count as numbers."""
    words = re.split(r"(\d+)", name)
    return [int(word) if word.isdecimal() else word for word in words], name


def _not_empty(files: list[ImageFile], path: Path) -> list[ImageFile]:
    if not files:
        raise ValueError(
            f"{str(path)!r} must hold images (files that end in {', '.join(IMAGE_SUFFIXES)}). "
            "Received: none"
        )
    return files
