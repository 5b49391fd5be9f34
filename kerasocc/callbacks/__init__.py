"""Callbacks that drive the state of the models while they train."""

from kerasocc.callbacks.annealing import VarianceAnnealing
from kerasocc.callbacks.base import StateCallback
from kerasocc.callbacks.collapse import CollapseError, CollapseMonitor
from kerasocc.callbacks.noise import NoiseUpdate
from kerasocc.callbacks.quantile import QuantileUpdate
from kerasocc.callbacks.radius import RadiusUpdate
from kerasocc.callbacks.weighting import AdaptiveWeighting

__all__ = [
    "AdaptiveWeighting",
    "CollapseError",
    "CollapseMonitor",
    "NoiseUpdate",
    "QuantileUpdate",
    "RadiusUpdate",
    "StateCallback",
    "VarianceAnnealing",
]
