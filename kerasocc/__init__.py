"""Deep one-class anomaly detection for Keras.

Names are imported when they are first used, so that `import kerasocc` and
`kerasocc --help` load neither Keras nor a backend.
"""

from __future__ import annotations

import importlib
from typing import Any

import wrapt

__version__ = "0.2.0"

# The public names, and the modules they are imported from when they are first used.
_HOMES = {
    "Autoencoder": "kerasocc.models.autoencoder",
    "BatchScorer": "kerasocc.experiments.runs.batch_scorer",
    "CollapseError": "kerasocc.callbacks.collapse",
    "DeepSAD": "kerasocc.models.deep_sad",
    "DeepSVDD": "kerasocc.models.deep_svdd",
    "Ensemble": "kerasocc.models.ensemble",
    "FCDD": "kerasocc.models.fcdd",
    "GEO": "kerasocc.models.geo",
    "HypersphereClassifier": "kerasocc.models.hypersphere_classifier",
    "ICL": "kerasocc.models.icl",
    "MultiHeadRotNet": "kerasocc.models.multi_head_rotnet",
    "NearestNeighbors": "kerasocc.models.nearest_neighbors",
    "NeuTraLAD": "kerasocc.models.neutral_ad",
    "OCNN": "kerasocc.models.oc_nn",
    "OneClassModel": "kerasocc.models.base",
    "RobustAutoencoder": "kerasocc.models.robust_autoencoder",
    "export": "kerasocc.serving.exporting",
    "load_model": "kerasocc.engine.loading",
    "pretrain": "kerasocc.pretraining",
    "score_with_ray": "kerasocc.experiments.runs.ray_scores",
    "train_together": "kerasocc.engine.train_together",
}
_SUBPACKAGES = (
    "baselines",
    "callbacks",
    "datasets",
    "estimators",
    "explanations",
    "networks",
    "regularizers",
)
# What has to be imported for `keras.saving.load_model` to know our classes.
_REGISTERED = (
    *(home for home in _HOMES.values() if home.startswith("kerasocc.models.")),
    "kerasocc.baselines.ss_dgm",
    "kerasocc.baselines.supervised_classifier",
    "kerasocc.baselines.variational_autoencoder",
    "kerasocc.datasets.preprocessing",
    "kerasocc.networks.fourier",
    "kerasocc.networks.icl",
    "kerasocc.networks.normalization",
    "kerasocc.networks.transforms",
    "kerasocc.regularizers",
)

__all__ = ["__version__", *_HOMES, *_SUBPACKAGES]


def __getattr__(name: str) -> Any:
    if name in _SUBPACKAGES:
        return importlib.import_module(f"kerasocc.{name}")
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'kerasocc' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)


@wrapt.when_imported("keras")
def _register(keras: Any) -> None:
    """Make our classes known to `keras.saving.load_model`, whoever imports first."""
    for module in _REGISTERED:
        importlib.import_module(module)
