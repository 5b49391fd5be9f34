"""Preprocessing as Keras layers: adapted on training data, saved inside the model."""

from kerasocc.datasets.preprocessing.layers import (
    GlobalContrastNormalization,
    MinMaxScaling,
    Preprocessing,
)
from kerasocc.datasets.preprocessing.recipes import (
    IMAGE_PREPROCESSINGS,
    TABLE_PREPROCESSINGS,
    contrast_min_max,
    imagenet,
    min_max,
    standardize,
    unit_range,
)
from kerasocc.datasets.preprocessing.standardization import Standardization, moments

__all__ = [
    "IMAGE_PREPROCESSINGS",
    "TABLE_PREPROCESSINGS",
    "GlobalContrastNormalization",
    "MinMaxScaling",
    "Preprocessing",
    "Standardization",
    "contrast_min_max",
    "imagenet",
    "min_max",
    "moments",
    "standardize",
    "unit_range",
]
