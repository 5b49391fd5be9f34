"""One-class support vector machine (Schoelkopf et al., Neural Computation 2001)."""

from __future__ import annotations

from typing import Any, Unpack

import numpy as np

from kerasocc.baselines.classical import ClassicalDetector, RowOptions, check_gamma, kernel_width
from kerasocc.checks import check_fraction, check_integer


class OCSVM(ClassicalDetector):
    """One-class support vector machine with an RBF kernel `exp(-gamma ||x - y||^2)`.

    That of scikit-learn. With this kernel it has the solution of support vector data description
    (SVDD), which the papers call it too. Time and memory grow with the square of the training
    samples.

    Args:
        nu: Upper bound of the share of training samples beyond the boundary, in (0, 1].
        gamma: Width of the kernel; `"scale"` is `1 / (d * variance)` of the training rows, which
            takes no labels.
        max_samples: Most training samples; more are drawn by `seed`. None for all.
        **options: `encoder`, `preprocessing`, `components` and `seed`, see `ClassicalDetector`.

    Example:
        >>> raw = kerasocc.baselines.OCSVM(preprocessing=data.preprocessing, components=0.95)
        >>> hybrid = kerasocc.baselines.OCSVM(encoder=autoencoder)
        >>> hybrid.fit(data.x_train).score(data.x_test)

    Reference:
        Schoelkopf et al., Estimating the Support of a High-Dimensional Distribution, Neural
        Computation 2001.
    """

    def __init__(
        self,
        *,
        nu: float = 0.1,
        gamma: float | str = "scale",
        max_samples: int | None = 10_000,
        **options: Unpack[RowOptions],
    ):
        super().__init__(**options)
        self.nu = check_fraction("nu", nu, one=True)
        self.gamma = check_gamma(gamma)
        self.max_samples = max_samples
        if max_samples is not None:
            self.max_samples = check_integer("max_samples", max_samples, minimum=2)
        self._machine: Any = None

    def _fit_rows(self, rows: np.ndarray, labels: np.ndarray) -> None:
        from sklearn.svm import OneClassSVM

        if self.max_samples is not None:
            rows = rows[self._drawn(np.arange(len(rows)), self.max_samples)]
        self._machine = OneClassSVM(nu=self.nu, gamma=kernel_width(self.gamma, rows)).fit(rows)

    def _scores_of(self, rows: np.ndarray) -> np.ndarray:
        return -self._machine.decision_function(rows)
