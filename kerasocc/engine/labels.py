"""The two kinds of labels: semi-supervised codes to train on, 0/1 to evaluate with."""

from __future__ import annotations

import numbers
import warnings
from collections.abc import Mapping
from typing import Any

import keras
import numpy as np


def check_training_labels(labels: np.ndarray, *, uses_labels: bool) -> None:
    """Check semi-supervised labels: +1 normal, -1 anomaly, 0 unlabelled.

    Args:
        labels: Shape `(samples,)`.
        uses_labels: Whether the model has a term for labelled samples.

    Raises:
        ValueError: For any other value, and for labelled anomalies given to a
            model that would train on them as if they were normal.
    """
    values = set(np.unique(labels).tolist())
    if not values <= {-1, 0, 1}:
        raise ValueError(
            "`y` must hold semi-supervised labels: +1 labelled normal, -1 labelled "
            f"anomaly, 0 unlabelled. Received: values {sorted(values)[:10]}"
        )
    if -1 in values and not uses_labels:
        raise ValueError(
            "`y` holds labelled anomalies (-1), which this model cannot use and would "
            "train on as if they were normal. Drop them (`x[y != -1]`) or use a "
            f"semi-supervised model. Received: {int((labels == -1).sum())} of them"
        )


def weights_by_class(y: Any, sample_weight: Any, class_weight: Any) -> Any:
    """Weights of samples, multiplied by those of their semi-supervised labels.

    Args:
        y: Labels, shape `(samples,)`; must be an array.
        sample_weight: Shape `(samples,)`, or None for ones.
        class_weight: Factors by the labels +1, -1 and 0, those that are missing 1; None for no
            factors.

    Returns:
        Shape `(samples,)`; `sample_weight` without `class_weight`.

    Raises:
        ValueError: If `class_weight` is not of this kind, or there are no labels.
    """
    if class_weight is None:
        return sample_weight
    factors = dict(class_weight) if isinstance(class_weight, Mapping) else {}
    weighs = all(isinstance(v, numbers.Real) and 0 <= v < np.inf for v in factors.values())
    if not factors or not set(factors) <= {-1, 0, 1} or not weighs:
        raise ValueError(
            "`class_weight` must map semi-supervised labels (+1 labelled normal, -1 labelled "
            f"anomaly, 0 unlabelled) to weights of at least 0. Received: {class_weight!r}"
        )
    if y is None:
        raise ValueError(
            "`class_weight` weighs samples by their labels, which must be an array `y`; pass "
            f"`sample_weight`, or a dataset of (x, y, sample_weight). Received: "
            f"class_weight={class_weight!r}, y=None"
        )
    labels = np.ravel(keras.ops.convert_to_numpy(y))
    weights = np.ones(len(labels), "float32")
    for label, factor in factors.items():
        weights[labels == label] = factor
    if sample_weight is None:
        return weights
    given = np.ravel(keras.ops.convert_to_numpy(sample_weight))
    # One of another length is refused where all weights are.
    return weights * given if len(given) == len(weights) else given


def warn_of_evaluation_labels(labels: np.ndarray) -> None:
    """Warn if *all* training labels together look like evaluation labels.

    Args:
        labels: Shape `(samples,)`.
    """
    if set(np.unique(labels).tolist()) == {0, 1}:
        warnings.warn(
            "`y` holds 0 and +1 but no -1. For training +1 means *labelled normal* and "
            "0 *unlabelled*; if 1 marks your anomalies, pass -1 for them.",
            stacklevel=4,
        )


def check_evaluation_labels(labels: np.ndarray) -> None:
    """Check evaluation labels: 0 normal, 1 anomaly.

    Raises:
        ValueError: For any other value.
    """
    values = set(np.unique(labels).tolist())
    if not values <= {0, 1}:
        raise ValueError(
            "`y` must hold evaluation labels: 0 normal, 1 anomaly. "
            f"Received: values {sorted(values)[:10]}"
        )
