"""Regularizers that keep Deep SVDD and Deep SAD from collapsing."""

from kerasocc.regularizers.noise import NoiseRegularizer
from kerasocc.regularizers.variance import VarianceRegularizer

__all__ = ["NoiseRegularizer", "VarianceRegularizer"]
