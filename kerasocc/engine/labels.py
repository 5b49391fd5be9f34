"""The two kinds of labels: semi-supervised codes to train on, 0/1 to evaluate with."""

from __future__ import annotations

import warnings

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
