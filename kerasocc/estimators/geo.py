"""GEO as a scikit-learn detector."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import keras
import numpy as np

from kerasocc.defaults.training import TRANSFORMATIONS
from kerasocc.estimators.square_images import SquareImagesDetector
from kerasocc.models.geo import GEO


@dataclass(kw_only=True, eq=False, repr=False)
class GEODetector(SquareImagesDetector):
    """GEO (Golan and El-Yaniv, NeurIPS 2018): which of 72 transformations an image went through.

    For square images, shape `(samples, n, n, channels)`. An epoch shows every image in one of
    its 72 views. The network is a LeNet unless `encoder` is another; the paper's is
    `networks.wide_resnet(depth=10, width=4, use_bias=True)`.

    Args:
        shift: Pixels that images are shifted by; None for a quarter of their side.

    The other parameters are those of `NetworkDetector` and `OneClassDetector`.

    Reference:
        Golan and El-Yaniv, Deep Anomaly Detection Using Geometric Transformations,
        NeurIPS 2018.
    """

    of_tables: ClassVar = TRANSFORMATIONS
    of_images: ClassVar = TRANSFORMATIONS

    def _make_model(self, encoder: keras.Model, x: np.ndarray, options: dict[str, Any]) -> GEO:
        return GEO(encoder, shift=self.shift, **options)
