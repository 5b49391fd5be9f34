"""Figure of images with their heat maps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from kerasocc.plots.images import as_images, shortened
from kerasocc.plots.style import make_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLORS = "inferno"
ROBUST = 0.995
"""Quantile of all values that is shown in the brightest colour: a single pixel must not dim the
others."""


def plot_heat_maps(
    x: Any, heat_maps: Any, scores: Any = None, *, masks: Any = None, names: Any = None
) -> Figure:
    """Plot images, a column each, above their heat maps on one scale.

    Args:
        x: Images, shape `(samples, height, width)` or
            `(samples, height, width, channels)` with 1 or 3 channels.
        heat_maps: What `model.explain` returned, shape `(samples, height, width, 1)` or
            without the last axis.
        scores: Anomaly scores, shape `(samples,)`, written above the images, or None.
        masks: The pixels of known defects, above 0, the shape of `heat_maps`, as a third row, or
            None.
        names: What stands above the scores, shape `(samples,)`, or None.

    Returns:
        The figure.

    Raises:
        ValueError: If the shapes do not fit together.
    """
    images = as_images(x)
    heat_maps = _maps("heat_maps", heat_maps, images)
    rows = {"image": images, "heat map": heat_maps}
    if masks is not None:
        rows["defect"] = _maps("masks", masks, images) > 0
    count = len(images)
    figure = make_figure(0.9 + 1.05 * count, 0.35 + 1.15 * len(rows))
    grid = figure.subplots(len(rows), count, squeeze=False)
    low, high = _range(heat_maps)
    scales = {"heat map": dict(cmap=COLORS, vmin=low, vmax=high)}
    for axes, (name, shown) in zip(grid, rows.items(), strict=True):
        axes[0].text(-0.12, 0.5, name, ha="right", va="center", transform=axes[0].transAxes)
        scale = scales.get(name, dict(cmap="gray", vmin=0, vmax=1))
        for cell, image in zip(axes, shown, strict=True):
            cell.axis("off")
            cell.imshow(image, interpolation="nearest", **scale)
    for column, cell in enumerate(grid[0]):
        lines = [] if names is None else [shortened(str(names[column]))]
        lines += [] if scores is None else [f"{scores[column]:#.3g}".rstrip(".")]
        cell.set_title("\n".join(lines), fontsize=7, parse_math=False)
    return figure


def colors_of(heat_maps: np.ndarray) -> np.ndarray:
    """Colours of heat maps, all on one scale.

    Args:
        heat_maps: Shape `(samples, height, width)`.

    Returns:
        Shape `(samples, height, width, 3)`, in [0, 1].
    """
    from matplotlib import colormaps

    low, high = _range(heat_maps)
    return colormaps[COLORS](np.clip((heat_maps - low) / (high - low), 0, 1))[..., :3]


def _range(heat_maps: np.ndarray) -> tuple[float, float]:
    """The values that are shown as the darkest and the brightest colour."""
    low, high = min(float(heat_maps.min()), 0.0), float(np.quantile(heat_maps, ROBUST))
    return low, max(high, low + 1e-12)


def _maps(name: str, maps: Any, images: np.ndarray) -> np.ndarray:
    """Maps without a channel axis, checked to be those of the images."""
    found = np.asarray(maps)
    if found.ndim == 4 and found.shape[-1] == 1:
        found = found[..., 0]
    if found.shape != images.shape[:3]:
        raise ValueError(
            f"`{name}` must have the samples, height and width of `x`, {images.shape[:3]}. "
            f"Received: shape {np.shape(maps)}"
        )
    return found
