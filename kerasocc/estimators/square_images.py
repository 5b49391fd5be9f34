"""`SquareImagesDetector`: a detector that tells the transformations of images apart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from kerasocc.estimators.network_detector import NetworkDetector


@dataclass(kw_only=True, eq=False, repr=False)
class SquareImagesDetector(NetworkDetector):
    """Base of the detectors for square images, shape `(samples, n, n, channels)`."""

    shift: int | None = None

    def _make_encoder(self, x: np.ndarray, seed: int) -> keras.Model:
        if x.ndim != 4 or x.shape[1] != x.shape[2]:
            raise ValueError(
                "`X` must hold square images, shape (samples, n, n, channels), because they are "
                f"turned. Received: shape {x.shape}"
            )
        return super()._make_encoder(x, seed)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        tags.input_tags.sparse = False
        return tags
