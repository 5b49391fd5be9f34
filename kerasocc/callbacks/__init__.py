"""Callbacks that drive the state of the models while they train."""

from kerasocc.callbacks.base import StateCallback
from kerasocc.callbacks.collapse import CollapseError, CollapseMonitor
from kerasocc.callbacks.radius import RadiusUpdate

__all__ = ["CollapseError", "CollapseMonitor", "RadiusUpdate", "StateCallback"]
