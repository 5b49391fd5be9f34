"""Regularizers that prevent the hypersphere collapse of Deep SVDD and Deep SAD."""

from kerasocc.regularizers.noise import NoiseRegularizer
from kerasocc.regularizers.variance import VarianceRegularizer

__all__ = ["NoiseRegularizer", "VarianceRegularizer"]
