"""The layouts of GTSRB: the official one, and that of the copy on Kaggle.

Official: `Final_Training/Images/00014/GT-00014.csv` with the images beside it, and
`Final_Test/Images`. There is a test part only with `GT-final_test.csv`, in `Final_Test/Images` or
above it: the list in the archive of the test images (`GT-final_test.test.csv`) has no classes.

Kaggle: `Train.csv` and `Test.csv` with the columns `ClassId` and `Path`.
"""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

from kerasocc.datasets.readers.folder_scan import scan_folder
from kerasocc.datasets.readers.image_decoding import ImageFile
from kerasocc.datasets.readers.image_listing import (
    ImageListing,
    check_not_empty,
    existing_image,
    make_listing,
)

BOX_COLUMNS = ("Roi.X1", "Roi.Y1", "Roi.X2", "Roi.Y2")


def find_gtsrb(folder: Path) -> Path | None:
    """Return the folder of the official layout: `folder`, or `GTSRB` in it; else None."""
    for root in (folder, folder / "GTSRB"):
        if (root / "Final_Training" / "Images").is_dir():
            return root
    return None


def list_gtsrb(root: Path, top: Path) -> ImageListing:
    """List the images of the official layout, cropped to the traffic signs.

    Args:
        root: Folder with `Final_Training`.
        top: Folder that the user named; the list of test classes may be there, too.
    """
    classes, train = root / "Final_Training" / "Images", []
    for folder in scan_folder(classes)[0]:
        train += _signs(folder / f"GT-{folder.name}.csv", folder, ";", "Filename")
    check_not_empty(train, classes)
    images = root / "Final_Test" / "Images"
    lists = [parent / "GT-final_test.csv" for parent in (images, images.parent, root, top)]
    found = [path for path in lists if path.exists()]
    return make_listing(train, _signs(found[0], images, ";", "Filename") if found else None)


def is_kaggle_gtsrb(folder: Path) -> bool:
    """Return whether a folder has the layout on Kaggle."""
    path = folder / "Train.csv"
    if not path.is_file():
        return False
    with path.open(encoding="utf-8", errors="replace") as file:
        header = file.readline()
    return "ClassId" in header or BOX_COLUMNS[0] in header


def list_kaggle_gtsrb(folder: Path) -> ImageListing:
    """List the images of the layout on Kaggle, cropped to the traffic signs."""
    lists = (folder / "Train.csv", folder / "Test.csv")
    return make_listing(*(_signs(path, folder, ",", "Path") for path in lists))


def _signs(path: Path, folder: Path, delimiter: str, name_column: str) -> list[ImageFile]:
    """List the images of one CSV file, cropped to the traffic signs."""
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
                image = existing_image(folder / (row[name_column] or ""), path)
                # The lower right corner is inclusive in GTSRB.
                files.append(ImageFile(image, str(label), (left, upper, right + 1, lower + 1)))
    except (csv.Error, UnicodeError) as error:
        raise ValueError(f"{str(path)!r} is no readable .csv file: {error}") from error
    return check_not_empty(files, path)


def _whole(row: dict[str, Any], column: str, number: int, path: Path) -> int:
    try:
        return int(row[column])
    except (TypeError, ValueError):
        raise ValueError(
            f"{str(path)!r} must hold whole numbers. Received: {row[column]!r} in row {number}, "
            f"column {column!r}"
        ) from None
