"""Callbacks that update the state of models during training."""

# Before the modules of this package: importing Keras registers the models, which import it.
import keras  # noqa: F401, I001

from kerasocc.callbacks.annealing import VarianceAnnealing
from kerasocc.callbacks.base import StateCallback
from kerasocc.callbacks.collapse import CollapseError, CollapseMonitor
from kerasocc.callbacks.contamination_estimate import estimate_contamination
from kerasocc.callbacks.dirichlet import DirichletUpdate
from kerasocc.callbacks.latent_labels import LatentLabels
from kerasocc.callbacks.noise_update import NoiseUpdate
from kerasocc.callbacks.quantile import QuantileUpdate
from kerasocc.callbacks.radius import RadiusUpdate
from kerasocc.callbacks.score_summaries import ScoreSummaries
from kerasocc.callbacks.weighting import AdaptiveWeighting

__all__ = [
    "AdaptiveWeighting",
    "CollapseError",
    "CollapseMonitor",
    "DirichletUpdate",
    "LatentLabels",
    "NoiseUpdate",
    "QuantileUpdate",
    "RadiusUpdate",
    "ScoreSummaries",
    "StateCallback",
    "VarianceAnnealing",
    "estimate_contamination",
]
