"""Occlusion: what the score loses when part of a sample is replaced (Zeiler and Fergus, 2014)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np


def occlude_windows(
    score: Callable[[np.ndarray], np.ndarray],
    x: np.ndarray,
    baseline: np.ndarray,
    window: int,
    stride: int,
) -> np.ndarray:
    """Contributions of the pixels of images: what the score loses without their surroundings.

    A square window is moved over the image; the contribution of a pixel is the mean of
    `score(x) - score(x with the window replaced)` over the windows that cover it. The image is
    copied once, whatever the number of windows.

    Args:
        score: From images `(samples, height, width, channels)` to scores `(samples,)`.
        x: Images.
        baseline: What windows are replaced by; broadcast to the shape of `x`.
        window: Side of the window in pixels.
        stride: Pixels from window to window; one more window ends at the border.

    Returns:
        Shape `(samples, height, width, 1)`, float32.
    """
    whole = score(x)
    baseline = np.broadcast_to(baseline, x.shape)
    lost, covered = np.zeros(x.shape[:3]), np.zeros(x.shape[1:3])
    for top in _starts(x.shape[1], window, stride):
        for left in _starts(x.shape[2], window, stride):
            place = slice(top, top + window), slice(left, left + window)
            occluded = x.copy()
            occluded[:, *place] = baseline[:, *place]
            lost[:, *place] += (whole - score(occluded))[:, None, None]
            covered[place] += 1
    return (lost / covered)[..., None].astype("float32")


def occlude_features(
    score: Callable[[np.ndarray], np.ndarray],
    x: np.ndarray,
    baseline: np.ndarray,
    groups: Sequence[np.ndarray],
) -> np.ndarray:
    """Contributions of groups of features: what the score loses when a group is replaced.

    Args:
        score: From samples `(samples, features)` to scores `(samples,)`.
        x: Samples.
        baseline: What features are replaced by; broadcast to the shape of `x`.
        groups: Positions of the features of every group, such as those of a column.

    Returns:
        Shape `(samples, groups)`, float32.
    """
    whole = score(x)
    baseline = np.broadcast_to(baseline, x.shape)
    found = np.zeros((len(x), len(groups)), "float32")
    for number, group in enumerate(groups):
        occluded = x.copy()
        occluded[:, group] = baseline[:, group]
        found[:, number] = whole - score(occluded)
    return found


def _starts(pixels: int, window: int, stride: int) -> list[int]:
    """Where windows begin along an axis; the last one ends at the border."""
    last = max(pixels - window, 0)
    return [*range(0, last, stride), last]
