"""Images, classes and official parts in a folder, by the layout that is found there.

==================  ======================================================================
VOC2012             See `voc2012`; also the folder that holds it (`VOCdevkit`) and its
                    parent. One class, `normal_class`, against `"other"`, or all images
                    without classes.
GTSRB               See `gtsrb`; also the folder that holds `GTSRB`.
parts               `train/<class>/**`, `test/<class>/**` (MVTec-AD), `validation/<class>/**`,
                    by the names in `folder_scan.PART_NAMES`; `train` is needed. A part
                    without folders of classes holds its images directly: those of `train`
                    and `validation` are normal, those of `test` have no label. Other
                    folders beside the parts are ignored.
class folders       `<class>/**`, no test part (WikiArt); one class is enough.
images              Images directly in the folder, all of them normal.
==================  ======================================================================

Images beside folders of classes are left out with a warning.

See `folder_scan` for the files that are ignored.
"""

from __future__ import annotations

import os
import warnings
from pathlib import Path

from kerasocc.datasets.pool import PARTS
from kerasocc.datasets.readers.folder_scan import (
    PART_NAMES,
    Parts,
    find_parts,
    images_below,
    natural_key,
    scan_folder,
)
from kerasocc.datasets.readers.gtsrb import (
    find_gtsrb,
    is_kaggle_gtsrb,
    list_gtsrb,
    list_kaggle_gtsrb,
)
from kerasocc.datasets.readers.image_decoding import ImageFile
from kerasocc.datasets.readers.image_listing import (
    NORMAL_NAMES,
    UNLABELLED,
    ImageListing,
    check_not_empty,
    find_normal,
    make_listing,
)
from kerasocc.datasets.readers.voc2012 import find_voc, list_voc


def list_images(
    folder: str | os.PathLike, *, normal_class: str | None = None, by_class: bool = True
) -> ImageListing:
    """List the images of a folder with their classes; none is opened.

    Args:
        folder: A folder in one of the layouts above.
        normal_class: The normal class: of VOC2012, and of parts without folders of classes;
            ignored for other layouts.
        by_class: Whether the images of VOC2012 are labelled by `normal_class`. If False,
            all of its images are listed, without classes.

    Returns:
        The images.

    Raises:
        FileNotFoundError: If the folder, a list or a file that it names does not exist.
        ValueError: If the folder has none of the layouts, a list is malformed (names
            file, row and column; the header is row 1), VOC2012 does not have
            `normal_class`, or it is needed to tell which class is normal.
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
    parts = find_parts(folder)
    return _list_class_folders(folder) if parts is None else _list_parts(parts, normal_class)


def list_flat(folder_or_file: str | os.PathLike) -> list[ImageFile]:
    """List every image below a folder, or the one file, without labels.

    Args:
        folder_or_file: The folder, or an image file of any suffix.

    Returns:
        The images, sorted by path, each with the label `UNLABELLED`.

    Raises:
        FileNotFoundError: If it does not exist.
        ValueError: If there are no images in the folder.
    """
    path = Path(folder_or_file)
    if path.is_file():
        return [ImageFile(path, UNLABELLED)]
    if not path.exists():
        raise FileNotFoundError(f"There is no file or folder {str(path)!r}.")
    files = [ImageFile(file, UNLABELLED) for file in sorted(images_below(path))]
    return check_not_empty(files, path)


def _list_class_folders(folder: Path) -> ImageListing:
    folders = scan_folder(folder)[0]
    sets = [path.name for path in folders if any((find_parts(path) or ())[1:])]
    if sets:
        raise ValueError(
            f"{str(folder)!r} holds data sets, each with `train` and `test`: choose one of {sets}."
        )
    files = _files_of(folder)
    names = {file.label for file in files}
    parts = {name for names in PART_NAMES.values() for name in names}
    if UNLABELLED not in names and {name.lower() for name in names} <= parts:
        raise ValueError(
            f"{str(folder)!r} must have a folder `train` beside others of parts. Received: "
            f"{sorted(names)}"
        )
    unlabelled = PARTS if UNLABELLED in names else ()
    return make_listing(files, None, unlabelled=unlabelled)


def _list_parts(parts: Parts, normal_class: str | None) -> ImageListing:
    found = {
        name: None if path is None else _files_of(path)
        for name, path in zip(PARTS, parts, strict=True)
    }
    unlabelled = tuple(name for name, files in found.items() if files and not files[0].label)
    classes = {file.label for files in found.values() for file in files or ()} - {UNLABELLED}
    if unlabelled and classes:
        normal = _normal_name(parts, found["train"], classes, normal_class)
        for name in unlabelled:
            found[name] = [file._replace(label=normal) for file in found[name]]
    if "train" in unlabelled:
        # Parts that there are not will be split off.
        unlabelled = tuple(n for n in PARTS if n in unlabelled or found[n] is None)
    return make_listing(found["train"], found["test"], found["val"], unlabelled=unlabelled)


def _normal_name(
    parts: Parts, train: list[ImageFile], classes: set[str], normal_class: str | None
) -> str:
    """Return the class of the images that do not lie in folders of classes: the normal one."""
    names = sorted(classes, key=natural_key)
    of_training = {file.label for file in train} - {UNLABELLED}
    if normal_class is None:
        normal = find_normal(names)
        if normal is None and len(of_training) == 1:
            normal = min(of_training)
    elif normal_class.isdecimal() and normal_class not in names:
        normal = dict(enumerate(names)).get(int(normal_class))
    else:
        # Test samples may all be anomalous.
        is_known = normal_class in names or normal_class.lower() in NORMAL_NAMES
        normal = normal_class if is_known else None
    if normal is None:
        raise ValueError(
            f"`normal_class` must say which of the classes {names} in "
            f"{str(parts.train.parent)!r} is normal, or one of them must be called one of "
            f"{list(NORMAL_NAMES)}. Received: normal_class={normal_class!r}"
        )
    return normal


def _files_of(folder: Path) -> list[ImageFile]:
    """List the images of the folders of classes in a folder, else those directly in it."""
    folders, loose = scan_folder(folder)
    files = [ImageFile(image, path.name) for path in folders for image in images_below(path)]
    if files and loose:
        warnings.warn(
            f"Left out {len(loose)} images that lie directly in {str(folder)!r}, beside folders of "
            f"images, which are taken for classes: {sorted({file.label for file in files})[:10]}",
            UserWarning,
            stacklevel=2,
        )
    if not files:
        files = [ImageFile(image, UNLABELLED) for image in loose]
    if not files:
        raise ValueError(
            f"{str(folder)!r} must hold images, or a folder of images per class, or train/<class> "
            "and test/<class>, or be VOC2012 (JPEGImages, ImageSets/Main) or GTSRB "
            "(Final_Training/Images, or Train.csv and Test.csv). Received: no images"
        )
    return files
