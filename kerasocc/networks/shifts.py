"""The 36 views of an image that MHRot classifies: shifts in x and y combined with rotations."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
from keras import ops

DIRECTIONS = (0, 1, -1)
"""Direction of each class of a shift; 1 moves the image right, or down."""
TURNS = 4
CLASSES = np.array(list(itertools.product(range(3), range(3), range(TURNS))), "int32")
"""Classes of each view, shape `(36, 3)`: shift in x, shift in y, number of counterclockwise
rotations by 90 degrees. The first view is the image itself."""


def pixel_table(side: int, shift: int) -> np.ndarray:
    """Source pixel of each pixel of each view.

    A view is shifted first, then rotated. Pixels shifted in from outside are those of the
    image reflected at its border.

    Args:
        side: Number of rows and of columns.
        shift: Size of the shift in pixels, from 1 to `side - 1`.

    Returns:
        Indices into the flattened image, shape `(36, side * side)`, int32.
    """
    pixels = np.arange(side * side, dtype="int32").reshape(side, side)
    padded = np.pad(pixels, shift, mode="reflect")
    views = []
    for x, y, turns in CLASSES:
        left, top = (shift - shift * DIRECTIONS[label] for label in (x, y))
        views.append(np.rot90(padded[top : top + side, left : left + side], turns).ravel())
    return np.stack(views)


def all_views(images: Any, table: np.ndarray) -> Any:
    """Views of images, by a single gather.

    Args:
        images: Shape `(batch, n, n, c)`.
        table: `pixel_table` for this `n`, shape `(36, n * n)`.

    Returns:
        Tensor, shape `(batch, 36, n, n, c)`, of the dtype of the images.
    """
    side, channels = images.shape[2:]
    pixels = ops.reshape(images, (-1, side * side, channels))
    return ops.reshape(ops.take(pixels, table, axis=1), (-1, len(table), side, side, channels))
