"""Data sets cut for one-class experiments, and preprocessing layers."""

from kerasocc.datasets.altered import altered
from kerasocc.datasets.frame_sequences import FrameDataset, frame_sequences
from kerasocc.datasets.half_split import half_split
from kerasocc.datasets.loading import load
from kerasocc.datasets.one_class import OneClassDataset
from kerasocc.datasets.one_vs_rest import one_vs_rest
from kerasocc.datasets.preprocessing import (
    GlobalContrastNormalization,
    MinMaxScaling,
    Preprocessing,
)
from kerasocc.datasets.standardization import Standardization
from kerasocc.datasets.tabular import tabular
from kerasocc.rows import Rows

__all__ = [
    "FrameDataset",
    "GlobalContrastNormalization",
    "MinMaxScaling",
    "OneClassDataset",
    "Preprocessing",
    "Rows",
    "Standardization",
    "altered",
    "frame_sequences",
    "half_split",
    "load",
    "one_vs_rest",
    "tabular",
]
