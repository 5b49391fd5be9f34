"""Labels of training samples, as scikit-learn's `y`."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.utils import check_array, check_consistent_length


def checked_labels(y: Any, samples: np.ndarray) -> np.ndarray | None:
    """What is known of the samples: -1 anomaly, 0 unlabelled, 1 normal, shape `(samples,)`.

    Args:
        y: As the user gives it; numbers above 0 are normal samples. None for nothing.
        samples: Shape `(samples, ...)`.

    Raises:
        ValueError: For another number of labels, and other labels.
    """
    if y is None:
        return None
    labels = check_array(y, ensure_2d=False, input_name="y")
    check_consistent_length(samples, labels)
    wrong = labels[(labels < 0) & (labels != -1) | (labels % 1 != 0)]
    if labels.ndim != 1 or len(wrong):
        received = f"shape {labels.shape}" if labels.ndim != 1 else f"{wrong[0]:g}"
        raise ValueError(
            "`y` must hold -1 for anomalies, 0 for unlabelled and whole numbers above 0 for "
            f"normal samples, shape (samples,). Received: {received}"
        )
    return np.sign(labels).astype("int8")
