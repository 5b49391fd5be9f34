"""`OneClassKFold`: folds that train on normal samples and test with all anomalies."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from sklearn.model_selection import KFold
from sklearn.utils import check_array

from kerasocc.checks import check_integer


class OneClassKFold:
    """Cross-validation for detectors: anomalies are never trained on.

    The normal samples are divided as by `KFold`. Every test part has one fold of them and all
    anomalies, so that a few labelled anomalies are enough for an AUC per fold. The test parts
    therefore overlap: `cross_val_score` and `GridSearchCV` take them, `cross_val_predict` does
    not.

    Args:
        n_splits: Number of folds, at least 2.
        anomaly: The value of `y` that anomalies have.
        random_state: Seed of the division.

    Example:
        >>> from sklearn.model_selection import GridSearchCV
        >>> search = GridSearchCV(
        ...     DeepSVDDDetector(random_state=0),
        ...     {"steps": [50, 100, 200]},
        ...     scoring="roc_auc",
        ...     cv=OneClassKFold(random_state=0),
        ... )
        >>> search.fit(X, y)  # y: 1 normal, -1 anomaly
    """

    def __init__(self, n_splits: int = 5, *, anomaly: Any = -1, random_state: Any = None):
        self.n_splits = check_integer("n_splits", n_splits, minimum=2)
        self.anomaly = anomaly
        self.random_state = random_state

    def split(self, X: Any, y: Any, groups: Any = None) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Positions of training and of test samples, fold by fold.

        Args:
            X: Samples.
            y: Their labels, shape `(samples,)`.
            groups: Ignored.

        Raises:
            ValueError: If there is no anomaly in `y`, or there are fewer normal samples than
                folds.
        """
        labels = check_array(y, ensure_2d=False, dtype=None, input_name="y")
        is_anomaly = labels == self.anomaly
        anomalies, normal = np.flatnonzero(is_anomaly), np.flatnonzero(~is_anomaly)
        if not len(anomalies):
            raise ValueError(
                f"`y` must hold anomalies, which are {self.anomaly!r} here (`anomaly`). Received: "
                f"{np.unique(labels)[:5].tolist()}"
            )
        folds = KFold(self.n_splits, shuffle=True, random_state=self.random_state)
        for trained, tested in folds.split(normal):
            yield normal[trained], np.sort(np.concatenate([normal[tested], anomalies]))

    def get_n_splits(self, X: Any = None, y: Any = None, groups: Any = None) -> int:
        """Number of folds."""
        return self.n_splits
