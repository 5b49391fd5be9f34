"""How well heat maps find the pixels of known defects: pixel AUC and AUPRO."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import ndimage
from sklearn.metrics import roc_auc_score

from kerasocc.checks import check_fraction

_EIGHT_NEIGHBORS = np.ones((3, 3))


def pixel_auc(masks: Any, heat_maps: Any) -> float:
    """Area under the ROC curve over the pixels of all images.

    Args:
        masks: Anomalous pixels above 0, shape `(samples, height, width)` or with an axis of one
            channel; images without a defect have empty masks.
        heat_maps: Larger is more anomalous, the same shape.

    Returns:
        In [0, 1]; 0.5 for maps that know nothing.

    Raises:
        ValueError: If the shapes differ, a value is not finite, or the pixels are all normal or
            all anomalous.
    """
    masks, heat_maps = _checked(masks, heat_maps)
    return float(roc_auc_score(masks.ravel(), heat_maps.ravel()))


def aupro(masks: Any, heat_maps: Any, *, max_fpr: float = 0.3) -> float:
    """Area under the curve of the per-region overlap, up to a false positive rate.

    At every threshold the overlap is the share of a connected defect (eight neighbours) that is
    flagged, averaged over all defects: a small one counts as much as a large one. It is
    integrated over the share of normal pixels, of all images, that are flagged, and divided by
    `max_fpr`, so that 1 is perfect.

    Args:
        masks: As for `pixel_auc`.
        heat_maps: As for `pixel_auc`.
        max_fpr: False positive rate to integrate to, in (0, 1].

    Returns:
        In [0, 1]; `max_fpr / 2` for maps that know nothing.

    Raises:
        ValueError: As `pixel_auc`.

    Reference:
        Bergmann et al., The MVTec Anomaly Detection Dataset, Int. Journal of Computer Vision
        2021, section 6.
    """
    masks, heat_maps = _checked(masks, heat_maps)
    check_fraction("max_fpr", max_fpr, one=True)
    # A pixel of a region of n pixels adds 1 / n to the overlap of that region.
    weight = np.zeros(masks.shape)
    regions = 0
    for mask, of_image in zip(masks, weight, strict=True):
        labels, count = ndimage.label(mask, _EIGHT_NEIGHBORS)
        sizes = np.bincount(labels.ravel(), minlength=count + 1)
        of_image[mask] = 1.0 / sizes[labels[mask]]
        regions += count
    order = np.argsort(-heat_maps, axis=None, kind="stable")
    values = heat_maps.ravel()[order]
    # Equal values are flagged together.
    ends = np.flatnonzero(np.append(values[1:] != values[:-1], True))
    normal = ~masks.ravel()[order]
    rates = np.concatenate([[0.0], np.cumsum(normal)[ends] / normal.sum()])
    overlaps = np.concatenate([[0.0], np.cumsum(weight.ravel()[order])[ends] / regions])
    inside = rates <= max_fpr
    at_end = np.interp(max_fpr, rates, overlaps)
    x, y = np.append(rates[inside], max_fpr), np.append(overlaps[inside], at_end)
    return float(min(np.trapezoid(y, x) / max_fpr, 1.0))


def _checked(masks: Any, heat_maps: Any) -> tuple[np.ndarray, np.ndarray]:
    masks, heat_maps = np.asarray(masks), np.asarray(heat_maps)
    if masks.ndim == 4 and masks.shape[-1] == 1:
        masks = masks[..., 0]
    if heat_maps.ndim == 4 and heat_maps.shape[-1] == 1:
        heat_maps = heat_maps[..., 0]
    if masks.ndim != 3 or masks.shape != heat_maps.shape:
        raise ValueError(
            "`masks` and `heat_maps` must have one shape (samples, height, width). Received: "
            f"shapes {masks.shape} and {heat_maps.shape}"
        )
    masks = masks > 0
    if not np.isfinite(heat_maps).all():
        raise ValueError("`heat_maps` must be finite. Received: NaN or infinity")
    if masks.all() or not masks.any():
        kind = "anomalous" if masks.all() else "normal"
        raise ValueError(
            "`masks` must hold normal and anomalous pixels. Received: all of them are "
            f"{kind if masks.size else 'missing'}"
        )
    return masks, heat_maps
