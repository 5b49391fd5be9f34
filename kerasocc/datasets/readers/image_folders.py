"""Images, classes and official parts in a folder, by the layout that is found there.

==================  ======================================================================
VOC2012             See `voc2012`; also the folder that holds it (`VOCdevkit`) and its
                    parent. One class, `normal_class`, against `"other"`, or all images
                    without classes.
GTSRB               See `gtsrb`; also the folder that holds `GTSRB`.
train, test         `train/<class>/**`, `test/<class>/**`, in any case (MVTec-AD); other
                    folders beside them and images outside of class folders are ignored.
class folders       `<class>/**`, no test part (WikiArt).
==================  ======================================================================

See `folder_scan` for the files that are ignored.
"""

from __future__ import annotations

import os
from pathlib import Path

from kerasocc.datasets.readers.folder_scan import images_below, scan_folder, train_and_test
from kerasocc.datasets.readers.gtsrb import (
    find_gtsrb,
    is_kaggle_gtsrb,
    list_gtsrb,
    list_kaggle_gtsrb,
)
from kerasocc.datasets.readers.image_decoding import ImageFile
from kerasocc.datasets.readers.image_listing import ImageListing, check_not_empty, make_listing
from kerasocc.datasets.readers.voc2012 import find_voc, list_voc

PART_NAMES = {"train", "training", "val", "valid", "validation", "test", "testing"}


def list_images(
    folder: str | os.PathLike, *, normal_class: str | None = None, by_class: bool = True
) -> ImageListing:
    """List the images of a folder with their classes; none is opened.

    Args:
        folder: A folder in one of the layouts above.
        normal_class: The normal class of VOC2012; ignored for other layouts.
        by_class: Whether the images of VOC2012 are labelled by `normal_class`. If False,
            all of its images are listed, without classes.

    Returns:
        The images.

    Raises:
        FileNotFoundError: If the folder, a list or a file that it names does not exist.
        ValueError: If the folder has none of the layouts, a list is malformed (names
            file, row and column; the header is row 1), or VOC2012 does not have
            `normal_class`.
    """
    folder = Path(folder)
    if not folder.is_dir():
        if folder.exists():
            raise ValueError(f"{str(folder)!r} must be a folder of images. Received: a file")
        raise FileNotFoundError(f"There is no folder {str(folder)!r}.")
    voc = find_voc(folder)
    if voc is not None:
        return list_voc(voc, normal_class, by_class)
    gtsrb = find_gtsrb(folder)
    if gtsrb is not None:
        return list_gtsrb(gtsrb, folder)
    if is_kaggle_gtsrb(folder):
        return list_kaggle_gtsrb(folder)
    parts = train_and_test(folder)
    return make_listing(*map(_with_classes, parts)) if parts else _list_class_folders(folder)


def list_flat(folder_or_file: str | os.PathLike) -> list[ImageFile]:
    """List every image below a folder, or the one file, without labels.

    Args:
        folder_or_file: The folder, or an image file of any suffix.

    Returns:
        The images, sorted by path, each with the label `""`.

    Raises:
        FileNotFoundError: If it does not exist.
        ValueError: If there are no images in the folder.
    """
    path = Path(folder_or_file)
    if path.is_file():
        return [ImageFile(path, "")]
    if not path.exists():
        raise FileNotFoundError(f"There is no file or folder {str(path)!r}.")
    files = [ImageFile(file, "") for file in sorted(images_below(path))]
    return check_not_empty(files, path)


def _list_class_folders(folder: Path) -> ImageListing:
    sets = [path.name for path in scan_folder(folder)[0] if train_and_test(path)]
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
    return make_listing(files, None)


def _with_classes(folder: Path) -> list[ImageFile]:
    folders, loose = scan_folder(folder)
    files = [ImageFile(image, path.name) for path in folders for image in images_below(path)]
    if not files:
        raise ValueError(
            f"{str(folder)!r} must hold a folder of images per class, or train/<class> and "
            "test/<class>, or be VOC2012 (JPEGImages, ImageSets/Main) or GTSRB "
            f"(Final_Training/Images, or Train.csv and Test.csv). Received: {len(loose) or 'no'} "
            "images outside of such folders"
        )
    return files
