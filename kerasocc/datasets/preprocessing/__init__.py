"""Preprocessing as Keras layers: adapted on training data, saved inside the model."""

# First, because it imports the models, whose parts are imported below.
import keras  # noqa: F401

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
from kerasocc.datasets.preprocessing.table_features import TableFeatures

__all__ = [
    "IMAGE_PREPROCESSINGS",
    "TABLE_PREPROCESSINGS",
    "GlobalContrastNormalization",
    "MinMaxScaling",
    "Preprocessing",
    "Standardization",
    "TableFeatures",
    "contrast_min_max",
    "imagenet",
    "min_max",
    "moments",
    "standardize",
    "unit_range",
]
