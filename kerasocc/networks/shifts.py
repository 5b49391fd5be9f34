"""The 36 views of an image that MHRot tells apart: shifts in x and y times rotations."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
from keras import ops

DIRECTIONS = (0, 1, -1)
"""What the three classes of a shift multiply it by; 1 moves the image right, or down."""
TURNS = 4
CLASSES = np.array(list(itertools.product(range(3), range(3), range(TURNS))), "int32")
"""Classes of every view, shape `(36, 3)`: shift in x, shift in y, number of turns by 90
degrees counterclockwise. The first view is the image itself."""


def pixel_table(side: int, shift: int) -> np.ndarray:
    """Where the pixels of every view come from.

    A view is shifted first, then turned. What a shift moves in is the image, reflected
    at its outermost pixels.

    Args:
        side: Number of rows, and of columns.
        shift: In pixels, from 1 to `side - 1`.

    Returns:
        Positions in the image, row after row, shape `(36, side * side)`, int32.
    """
    pixels = np.arange(side * side, dtype="int32").reshape(side, side)
    padded = np.pad(pixels, shift, mode="reflect")
    views = []
    for x, y, turns in CLASSES:
        left, top = (shift - shift * DIRECTIONS[place] for place in (x, y))
        views.append(np.rot90(padded[top : top + side, left : left + side], turns).ravel())
    return np.stack(views)


def all_views(images: Any, table: np.ndarray) -> Any:
    """The views of images, by one gather.

    Args:
        images: Shape `(batch, n, n, c)`.
        table: What `pixel_table` made for this `n`, shape `(36, n * n)`.

    Returns:
        Shape `(batch, 36, n, n, c)`, of the dtype of the images.
    """
    side, channels = images.shape[2:]
    pixels = ops.reshape(images, (-1, side * side, channels))
    return ops.reshape(ops.take(pixels, table, axis=1), (-1, len(table), side, side, channels))
