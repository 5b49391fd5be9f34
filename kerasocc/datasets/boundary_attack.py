"""Boundary attack: adversarial images from the decisions of a classifier alone."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from kerasocc.checks import check_integer

ADAPT_EVERY = 10
"""Steps between two changes of the step sizes of an image."""
ORTHOGONAL_TARGET, TOWARDS_TARGET = 0.5, 0.25
"""Shares of steps that are to stay adversarial, to which the sizes adapt."""
FIRST_SIZE = 0.1
LARGEST_SIZE = 0.5
BISECTIONS = 10


def boundary_attack(
    is_adversarial: Callable[[np.ndarray], np.ndarray],
    originals: np.ndarray,
    starts: np.ndarray,
    *,
    steps: int = 5000,
    low: float = 0.0,
    high: float = 1.0,
    seed: int = 0,
) -> np.ndarray:
    """Images near given ones that a classifier takes for something else.

    Each image begins on the line from its start to its original, next to where the classifier
    changes its mind, and walks along that boundary. A step goes at random on the sphere around
    the original (the orthogonal step), then towards the original; it is taken if the image stays
    adversarial. The size of the orthogonal step, relative to the distance, is adapted so that
    half of the orthogonal steps stay adversarial; the other one so that a quarter of the whole
    steps do. All images are asked about together, `2 * steps + 10` questions for each.

    Args:
        is_adversarial: From images `(n, ...)`, float32, to whether each is misclassified, `(n,)`.
        originals: Images that are classified as they should, shape `(images, ...)`.
        starts: Misclassified images to begin with, of the same shape; of other classes, or
            noise.
        steps: Number of steps.
        low: Smallest value of a pixel.
        high: Largest value of a pixel.
        seed: Seed of the steps.

    Returns:
        Misclassified images, shape and order of `originals`, float32.

    Raises:
        ValueError: If the shapes differ, or a start is not misclassified.

    Reference:
        Brendel, Rauber and Bethge, Decision-Based Adversarial Attacks: Reliable Attacks Against
        Black-Box Machine Learning Models, ICLR 2018, algorithm 1 and figure 2.
    """
    originals, starts = np.asarray(originals, "float32"), np.asarray(starts, "float32")
    if originals.shape != starts.shape:
        raise ValueError(
            f"`starts` must have the shape of `originals`, {originals.shape}. "
            f"Received: shape {starts.shape}"
        )
    check_integer("steps", steps, minimum=0)
    wrong = np.flatnonzero(~np.asarray(is_adversarial(starts), bool))
    if len(wrong):
        raise ValueError(
            "`starts` must hold images that are misclassified. Received: "
            f"{len(wrong)} that are not, the first at index {wrong[0]}"
        )
    current = _nearest_on_line(is_adversarial, originals, starts)
    generator = np.random.default_rng(seed)
    sizes = np.full((2, len(originals)), FIRST_SIZE)
    hits = np.zeros_like(sizes)
    for number in range(1, steps + 1):
        noise = generator.normal(size=originals.shape).astype("float32")
        on_sphere = np.clip(orthogonal_step(current, originals, noise, sizes[0]), low, high)
        nearer = on_sphere + _per_image(sizes[1], originals) * (originals - on_sphere)
        found = np.asarray(is_adversarial(np.concatenate([on_sphere, nearer])), bool)
        found = found.reshape(2, -1)
        hits += found
        # Clipping may move an image away.
        taken = found[1] & (distances(nearer, originals) < distances(current, originals))
        current[taken] = nearer[taken]
        if number % ADAPT_EVERY == 0:
            sizes = adapted(sizes, hits / ADAPT_EVERY)
            hits[:] = 0.0
    return current


def orthogonal_step(
    current: np.ndarray, originals: np.ndarray, noise: np.ndarray, sizes: np.ndarray
) -> np.ndarray:
    """A step on the sphere around each original that goes through its current image.

    Args:
        current: Shape `(images, ...)`.
        originals: Of the same shape.
        noise: Direction of the step, of the same shape; what of it is not along the sphere is
            taken off.
        sizes: Lengths of the steps in units of the radius, before they are projected onto the
            sphere, shape `(images,)`.

    Returns:
        Shape `(images, ...)`.
    """
    radius = current - originals
    squared = _per_image((radius**2).sum(axis=_pixels(radius)), radius)
    along = _per_image((noise * radius).sum(axis=_pixels(radius)), radius)
    noise = noise - along / np.maximum(squared, 1e-12) * radius
    length = np.sqrt(_per_image((noise**2).sum(axis=_pixels(noise)), noise))
    size = _per_image(sizes, noise)
    stepped = radius + size * np.sqrt(squared) / np.maximum(length, 1e-12) * noise
    return originals + stepped / np.sqrt(1.0 + size**2)


def adapted(sizes: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """Step sizes after a look at how many steps stayed adversarial.

    Args:
        sizes: Of the orthogonal steps and of those towards the original, shape `(2, images)`.
        shares: Shares of adversarial ones among the last steps of either kind, of the same shape.

    Returns:
        Larger ones where more were adversarial than there should be, shape `(2, images)`.
    """
    targets = np.array([[ORTHOGONAL_TARGET], [TOWARDS_TARGET]])
    return np.minimum(sizes * np.exp(shares - targets), LARGEST_SIZE)


def distances(images: np.ndarray, originals: np.ndarray) -> np.ndarray:
    """Euclidean distances of images from their originals, shape `(images,)`."""
    return np.sqrt(((images - originals) ** 2).sum(axis=_pixels(images)))


def _nearest_on_line(
    is_adversarial: Callable[[np.ndarray], np.ndarray], originals: np.ndarray, starts: np.ndarray
) -> np.ndarray:
    """Misclassified images between starts and originals, by bisection."""
    inside, outside = np.zeros(len(originals)), np.ones(len(originals))
    for _ in range(BISECTIONS):
        middle = (inside + outside) / 2
        share = _per_image(middle, originals)
        found = np.asarray(is_adversarial(originals + share * (starts - originals)), bool)
        outside, inside = np.where(found, middle, outside), np.where(found, inside, middle)
    share = _per_image(outside, originals)
    # Where no other image was found it is the start itself, not one that rounding has moved.
    return np.where(share < 1.0, originals + share * (starts - originals), starts)


def _per_image(values: np.ndarray, images: np.ndarray) -> np.ndarray:
    """One value per image, shaped to be multiplied with images, float32."""
    return np.asarray(values, "float32").reshape(-1, *[1] * (images.ndim - 1))


def _pixels(images: np.ndarray) -> tuple[int, ...]:
    return tuple(range(1, images.ndim))
