"""Detectors for scikit-learn: the models with its signs, its parameters and its conventions.

Names are imported when they are first used, so that this package loads neither Keras nor
scikit-learn before.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kerasocc.estimators.autoencoder import AutoencoderDetector, RobustAutoencoderDetector
    from kerasocc.estimators.contrastive import ICLDetector, NeuTraLADDetector
    from kerasocc.estimators.criteria import (
        held_out_loss_scorer,
        synthetic_anomaly_scorer,
    )
    from kerasocc.estimators.detector import OneClassDetector
    from kerasocc.estimators.ensemble import EnsembleDetector
    from kerasocc.estimators.exposed import FCDDDetector, HypersphereClassifierDetector
    from kerasocc.estimators.folds import OneClassKFold
    from kerasocc.estimators.geo import GEODetector
    from kerasocc.estimators.hypersphere import DeepSADDetector, DeepSVDDDetector
    from kerasocc.estimators.multi_head_rotnet import MultiHeadRotNetDetector
    from kerasocc.estimators.nearest_neighbors import NearestNeighborsDetector
    from kerasocc.estimators.network_detector import NetworkDetector
    from kerasocc.estimators.oc_nn import OCNNDetector
    from kerasocc.estimators.pyod_adapter import PyODAdapter

_HOMES = {
    "AutoencoderDetector": "autoencoder",
    "DeepSADDetector": "hypersphere",
    "DeepSVDDDetector": "hypersphere",
    "EnsembleDetector": "ensemble",
    "FCDDDetector": "exposed",
    "GEODetector": "geo",
    "HypersphereClassifierDetector": "exposed",
    "ICLDetector": "contrastive",
    "MultiHeadRotNetDetector": "multi_head_rotnet",
    "NearestNeighborsDetector": "nearest_neighbors",
    "NetworkDetector": "network_detector",
    "NeuTraLADDetector": "contrastive",
    "OCNNDetector": "oc_nn",
    "OneClassDetector": "detector",
    "OneClassKFold": "folds",
    "PyODAdapter": "pyod_adapter",
    "RobustAutoencoderDetector": "autoencoder",
    "held_out_loss_scorer": "criteria",
    "synthetic_anomaly_scorer": "criteria",
}

__all__ = [
    "AutoencoderDetector",
    "DeepSADDetector",
    "DeepSVDDDetector",
    "EnsembleDetector",
    "FCDDDetector",
    "GEODetector",
    "HypersphereClassifierDetector",
    "ICLDetector",
    "MultiHeadRotNetDetector",
    "NearestNeighborsDetector",
    "NetworkDetector",
    "NeuTraLADDetector",
    "OCNNDetector",
    "OneClassDetector",
    "OneClassKFold",
    "PyODAdapter",
    "RobustAutoencoderDetector",
    "held_out_loss_scorer",
    "synthetic_anomaly_scorer",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
