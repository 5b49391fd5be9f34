"""Data sets cut for one-class experiments, and preprocessing layers."""

from kerasocc.datasets.altered import altered
from kerasocc.datasets.loading import load
from kerasocc.datasets.one_class import OneClassDataset
from kerasocc.datasets.one_vs_rest import one_vs_rest
from kerasocc.datasets.preprocessing import (
    GlobalContrastNormalization,
    MinMaxScaling,
    Preprocessing,
)
from kerasocc.datasets.tabular import tabular
from kerasocc.rows import Rows

__all__ = [
    "GlobalContrastNormalization",
    "MinMaxScaling",
    "OneClassDataset",
    "Preprocessing",
    "Rows",
    "altered",
    "load",
    "one_vs_rest",
    "tabular",
]
