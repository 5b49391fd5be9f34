"""NeuTraL AD and ICL as scikit-learn detectors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import keras
import numpy as np

from kerasocc.defaults.training import CONTRASTIVE, ICL
from kerasocc.estimators.network_detector import NetworkDetector
from kerasocc.models.icl import ICL as ICLModel
from kerasocc.models.neutral_ad import NeuTraLAD
from kerasocc.networks import icl_encoder
from kerasocc.networks.icl import MOST_WINDOWS


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

    of_tables: ClassVar = CONTRASTIVE

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

    For tables of at least three columns.

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
        columns = int(np.prod(x.shape[1:]))
        if columns < 3:
            raise ValueError(
                "`X` must have at least 3 features, for two windows with a complement each. "
                f"Received: n_features = {columns}"
            )
        *hidden, code = self._widths(x.ndim == 4) or ICL.hidden
        return icl_encoder(
            tuple(x.shape[1:]),
            window=self.window,
            num_windows=self.num_windows,
            permutations=self.permutations,
            samples=len(x),
            hidden=hidden,
            code=code,
            seed=seed,
        )

    def _make_model(self, encoder: keras.Model, x: np.ndarray, options: dict[str, Any]) -> ICLModel:
        return ICLModel(encoder, temperature=self.temperature, **options)
