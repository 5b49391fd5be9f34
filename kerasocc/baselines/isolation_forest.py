"""Isolation forest (Liu et al., ICDM 2008)."""

from __future__ import annotations

from typing import Any, Unpack

import numpy as np

from kerasocc.baselines.classical import ClassicalDetector, RowOptions
from kerasocc.checks import check_integer


class IsolationForest(ClassicalDetector):
    """Isolation forest: how soon random splits separate a sample from all others.

    That of scikit-learn, with the settings of its paper, which the others use too. The score is
    in (0, 1).

    Args:
        trees: Number of trees.
        samples_per_tree: Training samples that each tree is grown on.
        **options: `encoder`, `preprocessing`, `components` and `seed`, see `ClassicalDetector`.

    Reference:
        Liu et al., Isolation Forest, ICDM 2008.
    """

    def __init__(
        self, *, trees: int = 100, samples_per_tree: int = 256, **options: Unpack[RowOptions]
    ):
        super().__init__(**options)
        self.trees = check_integer("trees", trees, minimum=1)
        self.samples_per_tree = check_integer("samples_per_tree", samples_per_tree, minimum=2)
        self._forest: Any = None

    def _fit_rows(self, rows: np.ndarray, labels: np.ndarray) -> None:
        from sklearn.ensemble import IsolationForest as Forest

        self._forest = Forest(
            n_estimators=self.trees,
            max_samples=min(self.samples_per_tree, len(rows)),
            random_state=self._seed_used % 2**32,
        ).fit(rows)

    def _scores_of(self, rows: np.ndarray) -> np.ndarray:
        return -self._forest.score_samples(rows)
