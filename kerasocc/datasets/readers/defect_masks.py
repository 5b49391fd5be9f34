"""Masks of defects in the layout of MVTec-AD: `ground_truth/DEFECT/NAME_mask.png`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from kerasocc.datasets.catalog import IMAGE_SUFFIXES
from kerasocc.datasets.readers.folder_scan import MASKS
from kerasocc.datasets.readers.image_decoding import ImageFile, decode_image
from kerasocc.datasets.readers.image_listing import UNLABELLED


def read_defect_masks(
    folder: Path, names: Sequence[str], size: tuple[int, int]
) -> np.ndarray | None:
    """Read the masks of test images, in the size of the images that a model takes.

    The mask of `test/crack/007.png` is `ground_truth/crack/007_mask.png`, or the same without
    `_mask`. An image without one is taken for an image without a defect.

    Args:
        folder: Of the category, with `test` and `ground_truth`.
        names: Paths of the images below it.
        size: Height and width.

    Returns:
        Shape `(images, height, width)`, bool; None without any mask.

    Raises:
        ValueError: If a mask cannot be read.
    """
    if not (folder / MASKS).is_dir():
        return None
    masks = np.zeros((len(names), *size), bool)
    for mask, name in zip(masks, names, strict=True):
        path = _mask_of(folder, Path(name))
        if path is not None:
            mask[:] = decode_image(ImageFile(path, UNLABELLED), size, 1)[..., 0] >= 128
    return masks if masks.any() else None


def _mask_of(folder: Path, image: Path) -> Path | None:
    below = Path(*image.parts[1:])
    for stem in (f"{below.stem}_mask", below.stem):
        for suffix in sorted(IMAGE_SUFFIXES):
            path = folder / MASKS / below.parent / f"{stem}{suffix}"
            if path.is_file():
                return path
    return None
