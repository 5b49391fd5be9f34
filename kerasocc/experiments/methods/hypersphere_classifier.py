"""HSC: Ruff et al., Rethinking Assumptions in Deep Anomaly Detection, 2020."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import kerasocc
from kerasocc.defaults.training import HYPERSPHERE_CLASSIFIER, IMAGES_WITH_OUTLIERS
from kerasocc.experiments.methods.method import Choices, Method
from kerasocc.experiments.methods.shared import (
    NEEDS_ANOMALIES,
    AuxiliaryOutliers,
    LabelledAnomalies,
    labelled_unless_outliers,
    length_with_outliers,
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
    training = IMAGES_WITH_OUTLIERS
    own = {**length_with_outliers(training), **training.of_network()}
    table = table_defaults(choices, HYPERSPHERE_CLASSIFIER)
    return {**own, **table, **labelled_unless_outliers(choices)}


METHOD = Method(
    name="hypersphere-classifier",
    title="Hypersphere classifier",
    settings=HypersphereClassifierSettings,
    build=build,
    defaults=defaults,
    pretrained=False,
    rules={"labelled": NEEDS_ANOMALIES},
)
