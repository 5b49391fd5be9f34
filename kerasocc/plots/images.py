"""Figures of samples that are images."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from kerasocc.files import printable
from kerasocc.plots.style import COLORS, NAMES, checked_scores, make_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLUMNS = 8
LETTERS = 16
"""Of a name that fits under an image."""


def plot_extremes(
    x: Any, scores: Any, labels: Any = None, *, count: int = 16, names: Any = None
) -> Figure:
    """Plot the most normal and the most anomalous images with their labels and scores.

    Args:
        x: Images, shape `(samples, height, width)` or
            `(samples, height, width, channels)` with 1 or 3 channels.
        scores: Anomaly scores, shape `(samples,)`.
        labels: 0 normal, 1 anomaly, shape `(samples,)`; None for images without labels.
        count: Maximum number of images of each kind; no image is shown as both.
        names: What stands under the images, shape `(samples,)`; the beginning of long names
            is left out.

    Returns:
        The figure.

    Raises:
        ValueError: If `x` does not hold images, or the lengths differ.
    """
    images = as_images(x)
    given = np.zeros(np.shape(scores), int) if labels is None else labels
    scores, given = checked_scores(scores, given, len(images))
    order = np.argsort(scores, kind="stable")
    count = max(1, min(count, len(order) // 2))
    rows = -(-count // COLUMNS)
    height = 1.3 if names is None else 1.5
    figure = make_figure(COLUMNS * 0.95, 2 * (rows * height + 0.4))
    if names is not None:
        # Room for the names, which would shrink the images if they were part of the layout.
        figure.get_layout_engine().set(h_pad=0.12)
    blocks = figure.subfigures(2, 1, hspace=0.04)
    titles = ("Most normal: smallest scores", "Most anomalous: largest scores")
    for block, title, chosen in zip(blocks, titles, (order, order[::-1]), strict=True):
        block.suptitle(title, fontweight="bold", fontsize=11)
        for axes in block.subplots(rows, COLUMNS, squeeze=False).flat:
            axes.axis("off")
        for axes, index in zip(block.axes, chosen[:count], strict=False):
            axes.imshow(images[index], cmap="gray", vmin=0, vmax=1, interpolation="nearest")
            label = int(given[index])
            score = f"{scores[index]:#.3g}".rstrip(".")
            title = score if labels is None else f"{NAMES[label]}\n{score}"
            axes.set_title(title, fontsize=8, color=COLORS[label])
            if names is not None:
                name = shortened(str(names[index]))
                axes.text(
                    *(0.5, -0.04, name),
                    **dict(size=5.5, ha="center", va="top", parse_math=False, in_layout=False),
                    transform=axes.transAxes,
                )
    return figure


def shortened(name: str) -> str:
    """The end of a name that is too long to stand under an image, as plain text."""
    name = printable(name)
    return name if len(name) <= LETTERS else f"…{name[1 - LETTERS :]}"


def plot_decomposition(x: Any, reconstruction: Any, noise: Any) -> Figure:
    """Plot images, their reconstructions by a robust autoencoder, and their noise.

    Args:
        x: Preprocessed images, shape `(samples, height, width, channels)` with 1 or 3
            channels. Each is shown in its own column.
        reconstruction: Reconstructed images, same shape and scale as `x`.
        noise: Noise, same shape; 0 is shown as grey.

    Returns:
        The figure.

    Raises:
        ValueError: If the shapes differ or are not those of images.
    """
    parts = [np.asarray(part, "float32") for part in (x, reconstruction, noise)]
    if any(part.shape != parts[0].shape for part in parts):
        shapes = ", ".join(str(part.shape) for part in parts)
        raise ValueError(
            f"`x`, `reconstruction` and `noise` must have the same shape. Received: {shapes}"
        )
    images = as_images(np.concatenate(parts[:2]))
    count = len(parts[0])
    size = max(float(np.abs(parts[2]).max()), 1e-12)
    # Scaled together with its negative, so that 0 is in the middle of the range.
    scaled = as_images(np.concatenate([parts[2] / size, -parts[2] / size]))[:count]
    rows = {"input": images[:count], "reconstruction": images[count:], "noise": scaled}
    figure = make_figure(1.2 + 0.95 * count, 3 * 1.05)
    grid = figure.subplots(3, count, squeeze=False)
    for axes, (name, shown) in zip(grid, rows.items(), strict=True):
        axes[0].text(-0.15, 0.5, name, ha="right", va="center", transform=axes[0].transAxes)
        for cell, image in zip(axes, shown, strict=True):
            cell.axis("off")
            cell.imshow(image, cmap="gray", vmin=0, vmax=1, interpolation="nearest")
    return figure


def as_images(x: Any) -> np.ndarray:
    """Scale images together to [0, 1].

    Args:
        x: Shape `(samples, height, width)` or `(samples, height, width, channels)` with 1 or 3
            channels.

    Returns:
        Shape `(samples, height, width)` or `(..., 3)`, float32.

    Raises:
        ValueError: If `x` does not hold images.
    """
    images = np.asarray(x)
    if images.ndim == 4 and images.shape[-1] == 1:
        images = images[..., 0]
    if len(images) == 0 or images.ndim != 3 and (images.ndim != 4 or images.shape[-1] != 3):
        raise ValueError(
            "`x` must hold images of shape (samples, height, width) or (samples, height, width, "
            f"channels) with 1 or 3 channels. Received: shape {np.shape(x)}"
        )
    images = images.astype("float32")
    low, high = images.min(), images.max()
    return (images - low) / (high - low if high > low else 1.0)
