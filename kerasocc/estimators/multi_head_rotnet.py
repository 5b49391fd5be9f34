"""MHRot as a scikit-learn detector."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import keras
import numpy as np

from kerasocc.defaults.training import ROTATIONS
from kerasocc.estimators.square_images import SquareImagesDetector
from kerasocc.models.multi_head_rotnet import MultiHeadRotNet


@dataclass(kw_only=True, eq=False, repr=False)
class MultiHeadRotNetDetector(SquareImagesDetector):
    """MHRot (Hendrycks et al., NeurIPS 2019): who knows normal images sees how one was turned.

    For square images, shape `(samples, n, n, channels)`.

    Args:
        shift: Pixels that images are shifted by; None for a quarter of their side.

    The other parameters are those of `NetworkDetector` and `OneClassDetector`.

    Reference:
        Hendrycks et al., Using Self-Supervised Learning Can Improve Model Robustness and
        Uncertainty, NeurIPS 2019.
    """

    of_tables: ClassVar = ROTATIONS
    of_images: ClassVar = ROTATIONS

    def _make_model(
        self, encoder: keras.Model, x: np.ndarray, options: dict[str, Any]
    ) -> MultiHeadRotNet:
        shift = max(x.shape[1] // 4, 1) if self.shift is None else self.shift
        return MultiHeadRotNet(encoder, shift=shift, **options)
