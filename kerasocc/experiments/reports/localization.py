"""How well the heat maps of a run find the defects whose masks are known."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from kerasocc.datasets.readers.defect_masks import read_defect_masks
from kerasocc.explanations.localization import aupro, pixel_auc


def localization(
    contributions: Callable[[Any], np.ndarray],
    folder: Path,
    x: Any,
    names: np.ndarray | None,
    method: str,
) -> dict[str, Any] | None:
    """Metrics of the heat maps of all test images.

    Args:
        contributions: From images to heat maps `(samples, height, width, 1)`.
        folder: Of the data, in the layout of MVTec-AD.
        x: Test images, shape `(samples, height, width, channels)`.
        names: Their paths below the folder; None without names.
        method: How they are explained.

    Returns:
        `pixel_auc`, `aupro`, `images` with a defect, and `method`; None without masks.
    """
    if x.ndim != 4 or names is None or names.dtype.kind != "U" or not folder.is_dir():
        return None
    masks = read_defect_masks(folder, names.tolist(), x.shape[1:3])
    if masks is None:
        return None
    heat_maps = contributions(x)
    return {
        "pixel_auc": pixel_auc(masks, heat_maps),
        "aupro": aupro(masks, heat_maps),
        "images": int(masks.any(axis=(1, 2)).sum()),
        "method": method,
    }


def in_words(found: dict[str, Any] | None) -> dict[str, str]:
    """The metrics for the page of a run; nothing without masks."""
    if not found:
        return {}
    return {
        "Pixel AUC": f"{100 * found['pixel_auc']:.2f} %, on the masks of {found['images']} test "
        f"images ({found['method']})",
        "AUPRO": f"{100 * found['aupro']:.2f} %, overlap with each defect up to a false positive "
        "rate of 30 %",
    }
