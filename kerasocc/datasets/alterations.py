"""Synthetic anomalies from natural images: permuted blocks and strokes.

Functions from images to altered images, for arrays and for `tf.data`. The alteration of an image
depends on the seed and its index alone, so both give the same for any batch size.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from kerasocc.checks import check_integer

STROKES = (3, 8)
"""Minimum and maximum number of strokes; the paper only says "a number of"."""
LENGTHS = (0.1, 0.5)
"""Minimum and maximum length of a stroke relative to the longer side; not in the paper."""
BATCH_SIZE = 64


def permute_blocks(
    images: np.ndarray, *, blocks: int = 2, seed: int = 0, indices: Sequence[int] | None = None
) -> np.ndarray:
    """Split every image into `blocks x blocks` parts and permute them.

    Args:
        images: Shape `(samples, height, width, channels)`.
        blocks: Parts per side, at least 2; must divide height and width.
        seed: Seed of the permutations, which are never the identity.
        indices: Index of every image, shape `(samples,)`; default 0, 1, ...

    Returns:
        Altered images, shape and dtype unchanged.

    Raises:
        ValueError: If `images` has another shape, or `blocks` does not divide the sides.

    Reference:
        Chong et al., Simple and Effective Prevention of Mode Collapse in Deep
        One-Class Classification, IJCNN 2020, section V-A.
    """
    images = _checked(images)
    blocks = check_integer("blocks", blocks, minimum=2)
    samples, height, width, channels = images.shape
    if height % blocks or width % blocks:
        raise ValueError(
            f"`blocks` must divide height and width, {height} and {width}. Received: "
            f"blocks={blocks}"
        )
    orders = np.array([_order(g, blocks**2) for g in _generators(seed, indices, samples)])
    rows, columns = height // blocks, width // blocks
    grid = images.reshape(samples, blocks, rows, blocks, columns, channels).swapaxes(2, 3)
    parts = grid.reshape(samples, blocks**2, rows, columns, channels)
    moved = parts[np.arange(samples)[:, None], orders].reshape(grid.shape)
    return moved.swapaxes(2, 3).reshape(images.shape)


def draw_strokes(
    images: np.ndarray,
    *,
    thickness: int = 1,
    strokes: tuple[int, int] = STROKES,
    seed: int = 0,
    indices: Sequence[int] | None = None,
) -> np.ndarray:
    """Draw 3 to 8 straight strokes of one random colour over every image.

    A stroke starts at a random point and has a random direction and a length of 10 to
    50 % of the longer side; it is clipped at the border. The paper specifies neither
    numbers nor lengths.

    Args:
        images: Shape `(samples, height, width, channels)`; integers in [0, 255] or
            floats, whose colours are drawn between the smallest and largest value.
        thickness: Thickness of the strokes in pixels.
        strokes: Fewest and most strokes of an image.
        seed: Seed of the strokes.
        indices: Index of every image, shape `(samples,)`; default 0, 1, ...

    Returns:
        Altered images, shape and dtype unchanged.

    Raises:
        ValueError: If `images` has another shape.

    Reference:
        Chong et al., Simple and Effective Prevention of Mode Collapse in Deep
        One-Class Classification, IJCNN 2020, section V-A.
    """
    images = _checked(images)
    thickness = check_integer("thickness", thickness, minimum=1)
    is_float = images.dtype.kind == "f"
    low, high = (float(images.min()), float(images.max())) if is_float else (0, 255)
    segments, colors = _drawings(images.shape, _checked_strokes(strokes), seed, indices, low, high)
    if not is_float:
        colors = np.round(colors)
    altered = images.copy()
    for start in range(0, len(images), BATCH_SIZE):
        part = slice(start, start + BATCH_SIZE)
        covered = stroke_mask(segments[part], images.shape[1:3], thickness)
        color = colors[part, None, None, :].astype(images.dtype)
        altered[part] = np.where(covered[..., None], color, images[part])
    return altered


def masks_of_strokes(
    images: np.ndarray,
    *,
    thickness: int = 1,
    strokes: tuple[int, int] = STROKES,
    seed: int = 0,
    indices: Sequence[int] | None = None,
) -> np.ndarray:
    """The pixels that `draw_strokes` draws over with the same arguments.

    Args:
        images: Shape `(samples, height, width, channels)`.
        thickness: As for `draw_strokes`.
        strokes: As for `draw_strokes`.
        seed: As for `draw_strokes`.
        indices: As for `draw_strokes`.

    Returns:
        Shape `(samples, height, width)`, bool.
    """
    images = _checked(images)
    thickness = check_integer("thickness", thickness, minimum=1)
    segments, _ = _drawings(images.shape, _checked_strokes(strokes), seed, indices, 0.0, 1.0)
    parts = [
        stroke_mask(segments[start : start + BATCH_SIZE], images.shape[1:3], thickness)
        for start in range(0, len(images), BATCH_SIZE)
    ]
    return np.concatenate(parts) if parts else np.zeros(images.shape[:3], bool)


def as_map(alter: Callable[..., np.ndarray], **options: Any) -> Callable[[Any, Any], Any]:
    """Convert an alteration for use with `tf.data`.

    Args:
        alter: `permute_blocks` or `draw_strokes`.
        **options: Its arguments except `images` and `indices`.

    Returns:
        Function from `(index, image)` to the altered image, for
        `dataset.enumerate().map(...)`; the same alterations as for an array of images.
    """
    import tensorflow as tf

    def altered(index: np.ndarray, image: np.ndarray) -> np.ndarray:
        return alter(image[None], indices=[int(index)], **options)[0]

    def function(index: Any, image: Any) -> Any:
        return tf.ensure_shape(
            tf.numpy_function(altered, [index, image], image.dtype, stateful=False), image.shape
        )

    return function


def _checked(images: np.ndarray) -> np.ndarray:
    images = np.asarray(images)
    if images.ndim != 4:
        raise ValueError(
            "`images` must have shape (samples, height, width, channels). "
            f"Received: shape {images.shape}"
        )
    return images


def _generators(seed: int, indices: Sequence[int] | None, samples: int) -> Any:
    check_integer("seed", seed, minimum=0)
    for index in range(samples) if indices is None else indices:
        yield np.random.default_rng([seed, int(index)])


def _order(generator: np.random.Generator, count: int) -> np.ndarray:
    """Draw a permutation that is not the identity."""
    while True:
        order = generator.permutation(count)
        if (order != np.arange(count)).any():
            return order


def _checked_strokes(strokes: tuple[int, int]) -> tuple[int, int]:
    fewest, most = strokes
    check_integer("strokes", fewest, minimum=1)
    return fewest, check_integer("strokes", most, minimum=fewest)


def _drawings(
    shape: tuple[int, ...],
    strokes: tuple[int, int],
    seed: int,
    indices: Sequence[int] | None,
    low: float,
    high: float,
) -> tuple[np.ndarray, np.ndarray]:
    """Ends of the strokes of all images in pixels, `(samples, strokes, 2, 2)`, and colours."""
    drawn = [
        _drawing(generator, shape, strokes, low, high)
        for generator in _generators(seed, indices, shape[0])
    ]
    segments = np.array([segment for segment, _ in drawn]) * max(shape[1:3])
    return segments, np.array([color for _, color in drawn])


def _drawing(
    generator: np.random.Generator,
    shape: tuple[int, ...],
    strokes: tuple[int, int],
    low: float,
    high: float,
) -> tuple[np.ndarray, np.ndarray]:
    """Draw the ends of strokes in units of the longer side, `(strokes, 2, 2)`, and a colour."""
    side = max(shape[1:3])
    most = strokes[1]
    count = generator.integers(strokes[0], most, endpoint=True)
    start = generator.random((most, 2)) * np.array(shape[1:3]) / side
    angle, length = generator.uniform(0, 2 * np.pi, most), generator.uniform(*LENGTHS, most)
    end = start + (length * [np.sin(angle), np.cos(angle)]).T
    # Unused strokes repeat the first, so that all images have the same number.
    unused = np.arange(most) >= count
    start[unused], end[unused] = start[0], end[0]
    return np.stack([start, end], axis=1), generator.uniform(low, high, shape[3])


def stroke_mask(segments: np.ndarray, size: tuple[int, int], thickness: int) -> np.ndarray:
    """Compute which pixels the strokes cover: those whose center is in reach.

    A stroke that reaches no center covers the pixel that it starts in.

    Args:
        segments: Ends in pixels, shape `(samples, strokes, 2, 2)`.
        size: Height and width.
        thickness: In pixels.

    Returns:
        Mask, shape `(samples, height, width)`.
    """
    centers = np.stack(np.meshgrid(*(np.arange(s) + 0.5 for s in size), indexing="ij"), axis=-1)
    covered = np.zeros((len(segments), *size), dtype=bool)
    for stroke in segments.swapaxes(0, 1):
        start, along = stroke[:, 0], stroke[:, 1] - stroke[:, 0]
        start, along = start[:, None, None], along[:, None, None]
        position = ((centers - start) * along).sum(-1) / np.square(along).sum(-1)
        nearest = start + np.clip(position, 0, 1)[..., None] * along
        drawn = np.square(centers - nearest).sum(-1) <= (thickness / 2) ** 2
        # One that is shorter than a pixel may lie between the centers.
        for sample in np.flatnonzero(~drawn.any(axis=(1, 2))):
            pixel = np.floor(stroke[sample, 0]).astype(int)
            drawn[(sample, *np.clip(pixel, 0, np.array(size) - 1))] = True
        covered |= drawn
    return covered
