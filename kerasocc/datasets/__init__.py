"""One-class data sets and preprocessing layers.

Names are imported when they are first used, so that `kerasocc.datasets.catalog`, which the
command line needs for its help and its errors, loads neither Keras nor NumPy.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kerasocc.datasets.dialect import Dialect
    from kerasocc.datasets.loading import load
    from kerasocc.datasets.preprocessing.layers import (
        GlobalContrastNormalization,
        MinMaxScaling,
        Preprocessing,
    )
    from kerasocc.datasets.preprocessing.quantiles import QuantileScaling, RobustScaling
    from kerasocc.datasets.preprocessing.standardization import Standardization
    from kerasocc.datasets.preprocessing.table_features import TableFeatures
    from kerasocc.datasets.protocols.altered import altered
    from kerasocc.datasets.protocols.frame_sequences import FrameDataset, frame_sequences
    from kerasocc.datasets.protocols.half_split import half_split
    from kerasocc.datasets.protocols.one_class_dataset import OneClassDataset
    from kerasocc.datasets.protocols.one_vs_rest import one_vs_rest
    from kerasocc.datasets.protocols.tabular import tabular
    from kerasocc.datasets.storage.rows import Rows

_HOMES = {
    "Dialect": "dialect",
    "FrameDataset": "protocols.frame_sequences",
    "GlobalContrastNormalization": "preprocessing.layers",
    "MinMaxScaling": "preprocessing.layers",
    "OneClassDataset": "protocols.one_class_dataset",
    "Preprocessing": "preprocessing.layers",
    "QuantileScaling": "preprocessing.quantiles",
    "RobustScaling": "preprocessing.quantiles",
    "Rows": "storage.rows",
    "Standardization": "preprocessing.standardization",
    "TableFeatures": "preprocessing.table_features",
    "altered": "protocols.altered",
    "frame_sequences": "protocols.frame_sequences",
    "half_split": "protocols.half_split",
    "load": "loading",
    "one_vs_rest": "protocols.one_vs_rest",
    "tabular": "protocols.tabular",
}
_SUBMODULES = ("alterations", "catalog", "preprocessing")

__all__ = [
    "Dialect",
    "FrameDataset",
    "GlobalContrastNormalization",
    "MinMaxScaling",
    "OneClassDataset",
    "Preprocessing",
    "QuantileScaling",
    "RobustScaling",
    "Rows",
    "Standardization",
    "TableFeatures",
    "altered",
    "frame_sequences",
    "half_split",
    "load",
    "one_vs_rest",
    "tabular",
]


def __getattr__(name: str) -> Any:
    if name in _SUBMODULES:
        return importlib.import_module(f"{__name__}.{name}")
    if name in _HOMES:
        return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
