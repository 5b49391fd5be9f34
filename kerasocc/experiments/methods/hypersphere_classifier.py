"""HSC: Ruff et al., Rethinking Assumptions in Deep Anomaly Detection, 2020."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import kerasocc
from kerasocc.defaults.training import HYPERSPHERE_CLASSIFIER
from kerasocc.experiments.methods.method import NO_PRETRAINING, Choices, Method
from kerasocc.experiments.methods.shared import (
    NEEDS_ANOMALIES,
    AuxiliaryOutliers,
    LabelledAnomalies,
    labelled_unless_outliers,
    table_defaults,
)


@dataclass(frozen=True, kw_only=True)
class HypersphereClassifierSettings(LabelledAnomalies, AuxiliaryOutliers):
    """The settings of the hypersphere classifier."""


def build(config: Any, encoder: Any, decoder: Any, options: dict[str, Any]) -> Any:
    """The model."""
    return kerasocc.HypersphereClassifier(encoder, **options)


def defaults(choices: Choices) -> dict[str, Any]:
    """No pretraining: labelled anomalies or outliers rule out the trivial solution."""
    own = {"batch_size": 128, "epochs": 50, "learning_rate": 1e-3, "drop_at": (), "use_bias": True}
    table = table_defaults(choices, HYPERSPHERE_CLASSIFIER)
    return {**NO_PRETRAINING, **own, **table, **labelled_unless_outliers(choices)}


METHOD = Method(
    name="hypersphere-classifier",
    title="Hypersphere classifier",
    settings=HypersphereClassifierSettings,
    build=build,
    defaults=defaults,
    pretrained=False,
    rules={"labelled": NEEDS_ANOMALIES},
)
