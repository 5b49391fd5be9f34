"""NeuTraL AD and ICL as scikit-learn detectors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import keras
import numpy as np

from kerasocc.defaults.training import ICL, NEUTRAL_AD
from kerasocc.estimators.network_detector import NetworkDetector
from kerasocc.models.icl import ICL as ICLModel
from kerasocc.models.neutral_ad import NeuTraLAD
from kerasocc.networks import icl_encoder
from kerasocc.networks.icl import MOST_WINDOWS

LEAST_COLUMNS = 3
"""Columns that ICL takes at least."""


@dataclass(kw_only=True, eq=False, repr=False)
class NeuTraLADDetector(NetworkDetector):
    """NeuTraL AD (Qiu et al., ICML 2021): learned transformations, told apart.

    Args:
        num_transforms: `K`, at least 2.
        transformation: `"residual"`, `"forward"` or `"mul"`: `transform` of the model, which is
            a method here.
        transformation_hidden: Widths of the hidden layers of a transformation: `hidden` of the
            model, which is that of the encoder here.
        temperature: `tau`, above 0.

    The other parameters are those of `NetworkDetector` and `OneClassDetector`.

    Reference:
        Qiu et al., Neural Transformation Learning for Deep Anomaly Detection Beyond Images,
        ICML 2021.
    """

    num_transforms: int = 11
    transformation: str = "residual"
    transformation_hidden: Sequence[int] = (64,)
    temperature: float = 0.1

    of_tables: ClassVar = NEUTRAL_AD

    def _make_model(
        self, encoder: keras.Model, x: np.ndarray, options: dict[str, Any]
    ) -> NeuTraLAD:
        return NeuTraLAD(
            encoder,
            num_transforms=self.num_transforms,
            transform=self.transformation,
            hidden=self.transformation_hidden,
            temperature=self.temperature,
            **options,
        )


@dataclass(kw_only=True, eq=False, repr=False)
class ICLDetector(NetworkDetector):
    """ICL (Shenkar and Wolf, ICLR 2022): windows of columns against the others of their row.

    Two windows with a complement each take three columns. A table of one or two columns is read
    several times side by side.

    Args:
        window: Columns of a window; None for the paper's.
        num_windows: Most windows of a row; None for all.
        permutations: Orders of the columns, each with networks of its own; None for the paper's
            number.
        temperature: `tau`, above 0.

    The other parameters are those of `NetworkDetector` and `OneClassDetector`; `hidden` has the
    widths of both encoders.

    Reference:
        Shenkar and Wolf, Anomaly Detection for Tabular Data with Internal Contrastive Learning,
        ICLR 2022.
    """

    window: int | None = None
    num_windows: int | None = MOST_WINDOWS
    permutations: int | None = None
    temperature: float = 0.1

    of_tables: ClassVar = ICL

    def _make_encoder(self, x: np.ndarray, seed: int) -> keras.Model:
        shape = tuple(x.shape[1:])
        copies = -(-LEAST_COLUMNS // int(np.prod(shape)))
        *hidden, code = self._widths(x.ndim == 4) or ICL.hidden
        encoder = icl_encoder(
            shape if copies == 1 else copies * shape[0],
            window=self.window,
            num_windows=self.num_windows,
            permutations=self.permutations,
            samples=len(x),
            hidden=hidden,
            code=code,
            seed=seed,
        )
        if copies == 1:
            return encoder
        rows = keras.Input(shape)
        side_by_side = keras.layers.Concatenate(name="copies")([rows] * copies)
        return keras.Model(rows, encoder(side_by_side))

    def _make_model(self, encoder: keras.Model, x: np.ndarray, options: dict[str, Any]) -> ICLModel:
        return ICLModel(encoder, temperature=self.temperature, **options)
