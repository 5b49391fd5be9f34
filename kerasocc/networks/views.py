"""Views of images: flipped, shifted and rotated, by gathers from tables of pixels."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from keras import ops

DIRECTIONS = (0, 1, -1)
"""Direction of each class of a shift; 1 moves the image right, or down."""
TURNS = 4


class View(NamedTuple):
    """What is done to an image, in this order.

    Attributes:
        flipped: Whether it is mirrored, left to right.
        right: Shifts to the right that it is moved by, -1, 0 or 1.
        down: Shifts down.
        turns: Counterclockwise rotations by 90 degrees.
    """

    flipped: bool
    right: int
    down: int
    turns: int


SHIFT_CLASSES = np.array(list(itertools.product(range(3), range(3), range(TURNS))), "int32")
"""Classes of the 36 views of MHRot, shape `(36, 3)`: shift in x, shift in y, number of turns."""
SHIFTED = tuple(View(False, DIRECTIONS[x], DIRECTIONS[y], turns) for x, y, turns in SHIFT_CLASSES)
"""The 36 views of MHRot. The first one is the image itself."""
GEOMETRIC = tuple(
    View(flipped, right, down, turns)
    for flipped, down, right, turns in itertools.product(
        (False, True), DIRECTIONS, DIRECTIONS, range(TURNS)
    )
)
"""The 72 views of GEO in the order of the authors. The first one is the image itself."""


def pixel_table(
    views: Sequence[View], side: int, shift: int, *, padding: str = "reflect"
) -> np.ndarray:
    """Source pixel of each pixel of each view.

    Pixels shifted in from outside are those of the image mirrored at its border.

    Args:
        views: The views.
        side: Number of rows and of columns.
        shift: Size of the shift in pixels, from 1 to `side - 1`.
        padding: `"reflect"` mirrors at the middle of the outermost pixels, `"symmetric"` at
            their outer edge, so that they come twice.

    Returns:
        Indices into the flattened image, shape `(views, side * side)`, int32.
    """
    pixels = np.arange(side * side, dtype="int32").reshape(side, side)
    found = []
    for view in views:
        padded = np.pad(np.fliplr(pixels) if view.flipped else pixels, shift, mode=padding)
        left, top = shift - shift * view.right, shift - shift * view.down
        found.append(np.rot90(padded[top : top + side, left : left + side], view.turns).ravel())
    return np.stack(found)


def all_views(images: Any, table: np.ndarray) -> Any:
    """Views of images, by a single gather.

    Args:
        images: Shape `(batch, n, n, c)`.
        table: `pixel_table` for this `n`, shape `(views, n * n)`.

    Returns:
        Tensor, shape `(batch, views, n, n, c)`, of the dtype of the images.
    """
    side, channels = images.shape[2:]
    pixels = ops.reshape(images, (-1, side * side, channels))
    return ops.reshape(ops.take(pixels, table, axis=1), (-1, len(table), side, side, channels))


def one_view(images: Any, table: np.ndarray, number: Any) -> Any:
    """One view of every image.

    Args:
        images: Shape `(batch, n, n, c)`.
        table: `pixel_table` for this `n`, shape `(views, n * n)`.
        number: Which of the views, shape `(batch,)`, integers.

    Returns:
        Tensor, shape `(batch, n, n, c)`, of the dtype of the images.
    """
    side, channels = images.shape[2:]
    sources = ops.take(ops.convert_to_tensor(table), number, axis=0)
    first = ops.arange(ops.shape(images)[0], dtype="int32") * (side * side)
    pixels = ops.reshape(images, (-1, channels))
    shown = ops.take(pixels, sources + first[:, None], axis=0)
    return ops.reshape(shown, (-1, side, side, channels))


def checked_side(shape: Sequence[int | None], shift: int | None) -> int:
    """The side of square images, which can be turned and shifted.

    Args:
        shape: Of one sample.
        shift: Size of the shifts in pixels, or None.

    Raises:
        ValueError: If the samples are no square images, or smaller than the shift.
    """
    sample = tuple(shape)
    if len(sample) != 3 or None in sample or sample[0] != sample[1]:
        raise ValueError(
            "`encoder` must take square images, shape (batch, n, n, c), because they are "
            f"turned. Received: samples of shape {sample}"
        )
    side = sample[0]
    if shift is not None and shift >= side:
        raise ValueError(
            f"`shift` must be less than the side of the images, {side}. Received: shift={shift}"
        )
    return side
