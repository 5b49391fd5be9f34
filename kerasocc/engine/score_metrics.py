"""Metrics of the user's, computed from the labels and scores of whole sets of samples."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np

RESERVED = ("loss", "auc", "average_precision")
"""Names of what is always reported."""

Metric = keras.metrics.Metric | Callable[[np.ndarray, np.ndarray], Any]


class ScoreMetrics:
    """The `metrics` of `compile`.

    Keras computes metrics batch by batch, of a training too. A batch of a training has no labels
    that tell normal samples from anomalies, and a metric of a ranking is no mean over batches. So
    these are computed where the AUC is: in `evaluate` and of the validation data of `fit`, from
    all labels and scores at once.

    Args:
        metrics: Metrics of Keras, or functions from labels (0 normal, 1 anomaly) and scores, both
            of shape `(samples,)`, to a number or one per sample, whose mean counts.

    Raises:
        ValueError: For anything else, for metrics of predictions in [0, 1], and names that are
            taken.
    """

    def __init__(self, metrics: Any = None):
        flat = list(metrics) if isinstance(metrics, (list, tuple)) else [metrics]
        self.metrics: Sequence[Metric] = [] if metrics is None else flat
        for metric in self.metrics:
            _check(metric)
        names = [*RESERVED, *map(_name, self.metrics)]
        if len(set(names)) < len(names):
            raise ValueError(
                f"`metrics` must have different names, other ones than {list(RESERVED)}. Received: "
                f"{names[len(RESERVED) :]}"
            )

    def __call__(self, labels: np.ndarray, scores: np.ndarray) -> dict[str, float]:
        """Values of the metrics by name.

        Args:
            labels: 0 normal, 1 anomaly, shape `(samples,)`.
            scores: Larger is more anomalous, shape `(samples,)`.
        """
        return {_name(metric): _value(metric, labels, scores) for metric in self.metrics}

    def serialize(self) -> list[Any] | None:
        """The metrics for a file."""
        return [keras.saving.serialize_keras_object(metric) for metric in self.metrics] or None


def _check(metric: Any) -> None:
    is_metric = isinstance(metric, keras.metrics.Metric)
    if not is_metric and (isinstance(metric, type) or not callable(metric)):
        raise ValueError(
            "`metrics` must hold functions of labels and scores, or instances of "
            "`keras.metrics.Metric`; `fit` reports `val_auc` without any. Received: "
            f"{metric!r}"
        )
    if is_metric and hasattr(metric, "thresholds"):
        raise ValueError(
            f"`metrics` must take scores of any size: {type(metric).__name__} compares predictions "
            "with thresholds in [0, 1], which scores are not in. `val_auc` and "
            "`val_average_precision` are always reported, exactly; others can be functions of "
            f"labels and scores. Received: {metric.name}"
        )


def _name(metric: Metric) -> str:
    if isinstance(metric, keras.metrics.Metric):
        return metric.name
    return getattr(metric, "__name__", type(metric).__name__)


def _value(metric: Metric, labels: np.ndarray, scores: np.ndarray) -> float:
    if not isinstance(metric, keras.metrics.Metric):
        return float(np.mean(keras.ops.convert_to_numpy(metric(labels, scores))))
    metric.reset_state()
    metric.update_state(labels, scores)
    return float(np.mean(keras.ops.convert_to_numpy(metric.result())))
