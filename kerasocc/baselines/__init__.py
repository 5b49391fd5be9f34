"""Baselines that the papers compare with, used like the models.

Names are imported when they are first used, so that this package loads neither Keras nor
scikit-learn before.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kerasocc.baselines.classical import ClassicalDetector
    from kerasocc.baselines.hindsight import hindsight_kde, hindsight_oc_svm, hindsight_ssad
    from kerasocc.baselines.isolation_forest import IsolationForest
    from kerasocc.baselines.kde import KDE
    from kerasocc.baselines.oc_svm import OCSVM
    from kerasocc.baselines.ss_dgm import SSDGM
    from kerasocc.baselines.ssad import SSAD
    from kerasocc.baselines.supervised_classifier import SupervisedClassifier
    from kerasocc.baselines.variational_autoencoder import VariationalAutoencoder

_HOMES = {
    "ClassicalDetector": "classical",
    "IsolationForest": "isolation_forest",
    "KDE": "kde",
    "OCSVM": "oc_svm",
    "SSAD": "ssad",
    "SSDGM": "ss_dgm",
    "SupervisedClassifier": "supervised_classifier",
    "VariationalAutoencoder": "variational_autoencoder",
    "hindsight_kde": "hindsight",
    "hindsight_oc_svm": "hindsight",
    "hindsight_ssad": "hindsight",
}

__all__ = [
    "KDE",
    "OCSVM",
    "SSAD",
    "SSDGM",
    "ClassicalDetector",
    "IsolationForest",
    "SupervisedClassifier",
    "VariationalAutoencoder",
    "hindsight_kde",
    "hindsight_oc_svm",
    "hindsight_ssad",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
