"""Test samples as pictures of a report, and what is told of each: kept in a file of the run.

The file is read when the report is written again, for another threshold, when the samples may
not be at hand any more.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from kerasocc.files import read_json, write_json
from kerasocc.plots.images import as_images

if TYPE_CHECKING:
    from kerasocc.experiments.reports.decomposition import Decomposition

FILE = "pictures.json"
"""Its name in the folder of a run."""
LARGEST_SIDE = 192
"""Pixels; larger pictures are made smaller."""
LOSSLESS_SIDE = 64
"""Pixels up to which a picture loses nothing by its compression."""


@dataclass(frozen=True)
class Pictures:
    """Pictures of samples, as `data:` addresses.

    Attributes:
        samples: By index of the test sample.
        maps: Heat maps of what made the score, in the same way; None are needed.
        remarks: A line on what made the score, in the same way.
        decomposition: Of training samples of a robust autoencoder: the sample, its
            reconstruction and its noise.
        is_small: Whether the pictures have so few pixels that these are shown as squares.
    """

    samples: dict[str, str] = field(default_factory=dict)
    maps: dict[str, str] = field(default_factory=dict)
    remarks: dict[str, str] = field(default_factory=dict)
    decomposition: list[list[str]] = field(default_factory=list)
    is_small: bool = False

    def write(self, folder: Path) -> None:
        """Write them to the folder of a run, if there are any."""
        if self.samples or self.remarks:
            write_json(folder / FILE, asdict(self))

    @classmethod
    def read(cls, folder: Path) -> Pictures:
        """Read what `write` wrote; a folder without the file has no pictures.

        Raises:
            ValueError: If the file holds anything else.
        """
        if not (folder / FILE).exists():
            return cls()
        content = read_json(folder / FILE)
        known = {entry.name for entry in fields(cls)}
        if not isinstance(content, dict) or not set(content) <= known:
            raise ValueError(
                f"{folder / FILE} must be a JSON object with entries among {sorted(known)}."
            )
        return cls(**content)


def pictures_of(
    x: Any,
    indices: np.ndarray,
    *,
    maps: Mapping[int, np.ndarray] | None = None,
    remarks: Mapping[int, str] | None = None,
    decomposition: Decomposition | None = None,
) -> Pictures:
    """Make pictures of samples; there are none of samples that are no images.

    Args:
        x: Test samples, shape `(samples, ...)`.
        indices: Which of them are shown, shape `(shown,)`.
        maps: Colours of heat maps in [0, 1], shape `(height, width, 3)`, by index.
        remarks: A line on what made the score, by index.
        decomposition: Of training samples.
    """
    told = {str(index): text for index, text in (remarks or {}).items()}
    if x.ndim != 4 or x.shape[-1] not in (1, 3) or not len(indices):
        return Pictures(remarks=told)
    indices = np.unique(indices)
    images = as_images(np.asarray(x[indices]))
    return Pictures(
        {str(i): address_of(image) for i, image in zip(indices.tolist(), images, strict=True)},
        {str(index): address_of(heat) for index, heat in (maps or {}).items()},
        told,
        [] if decomposition is None else _parts(decomposition),
        is_small=max(images.shape[1:3]) <= LOSSLESS_SIDE,
    )


def _parts(decomposition: Decomposition) -> list[list[str]]:
    count = len(decomposition.x)
    seen = as_images(np.concatenate([decomposition.x, decomposition.reconstruction]))
    noise = decomposition.noise / max(float(np.abs(decomposition.noise).max()), 1e-12)
    # Scaled together with both ends of the range, so that no noise is in its middle.
    ends = np.ones_like(noise[:1])
    noise = as_images(np.concatenate([noise, ends, -ends]))[:count]
    columns = zip(seen[:count], seen[count:], noise, strict=True)
    return [[address_of(image) for image in column] for column in columns]


def address_of(image: np.ndarray) -> str:
    """A `data:` address of an image in [0, 1], shape `(height, width)` or `(..., 3)`."""
    from PIL import Image

    picture = Image.fromarray(np.uint8(np.round(255 * np.clip(image, 0, 1))))
    picture.thumbnail((LARGEST_SIDE, LARGEST_SIDE))
    kind = "png" if max(picture.size) <= LOSSLESS_SIDE else "jpeg"
    content = io.BytesIO()
    picture.save(content, kind, **({"optimize": True} if kind == "png" else {"quality": 85}))
    return f"data:image/{kind};base64,{base64.b64encode(content.getvalue()).decode()}"
