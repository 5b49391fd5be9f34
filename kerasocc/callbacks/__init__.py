"""Callbacks that drive the state of the models while they train."""

from kerasocc.callbacks.annealing import VarianceAnnealing
from kerasocc.callbacks.base import StateCallback
from kerasocc.callbacks.collapse import CollapseError, CollapseMonitor
from kerasocc.callbacks.radius import RadiusUpdate
from kerasocc.callbacks.weighting import AdaptiveWeighting

__all__ = [
    "AdaptiveWeighting",
    "CollapseError",
    "CollapseMonitor",
    "RadiusUpdate",
    "StateCallback",
    "VarianceAnnealing",
]
