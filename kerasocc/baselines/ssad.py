"""SSAD, semi-supervised anomaly detection by a kernel machine (Goernitz et al., JAIR 2013)."""

from __future__ import annotations

from typing import Unpack

import numpy as np

from kerasocc.baselines.classical import ClassicalDetector, RowOptions, check_gamma, kernel_width
from kerasocc.baselines.quadratic_program import minimize_quadratic
from kerasocc.checks import check_integer, check_non_negative, check_positive


class SSAD(ClassicalDetector):
    """Semi-supervised anomaly detection, the convex variant with an RBF kernel.

    A hyperplane separates the unlabelled samples from the origin, as in a one-class SVM, and
    has a margin `gamma` to the labelled ones, normal (`y = 1`) and anomalous (`y = -1`)::

        min  1/2 ||w||^2 - rho - kappa gamma + sum_i eta_i xi_i
        s.t. <w, phi(x_i)> >= rho - xi_i                    for unlabelled samples
             y_i <w, phi(x_i)> >= y_i rho + gamma - xi_i    for labelled ones
             xi_i >= 0, gamma >= 0

    Its dual, with `y_i = 1` for unlabelled samples, is solved by an interior point method::

        min  1/2 sum_ij a_i a_j y_i y_j k(x_i, x_j)
        s.t. sum_i y_i a_i = 1,  sum_labelled a_i >= kappa,  0 <= a_i <= eta_i

    The score is `rho - sum_i y_i a_i k(x_i, x)`. Without labels it is a one-class SVM with
    `nu = 1 / (n eta)`: with the default of 1 no training sample lies beyond the boundary.

    Time grows with the cube of the training samples and memory with the square, so that
    `max_samples` are used: the labelled ones, half of it at most, and unlabelled ones for the
    rest, drawn by `seed`.

    Args:
        kappa: Weight of the margin of the labelled samples; in effect at most the sum of their
            `eta_i`, beyond which the objective has no minimum.
        eta_unlabelled: `eta_i` of unlabelled samples.
        eta_normal: `eta_i` of labelled normal samples.
        eta_anomaly: `eta_i` of labelled anomalies.
        gamma: Of the kernel `exp(-gamma ||x - y||^2)`; `"scale"` as that of `OCSVM`.
        max_samples: Most training samples.
        **options: `encoder`, `preprocessing`, `components` and `seed`, see `ClassicalDetector`.

    Example:
        >>> hybrid = kerasocc.baselines.SSAD(encoder=autoencoder)
        >>> hybrid.fit(data.x_train, data.y_train).score(data.x_test)

    Reference:
        Goernitz et al., Toward Supervised Anomaly Detection, Journal of Artificial Intelligence
        Research 2013, section 4. The default weights are those of Deep SAD (Ruff et al., ICLR
        2020).
    """

    uses_labels = True

    def __init__(
        self,
        *,
        kappa: float = 1.0,
        eta_unlabelled: float = 1.0,
        eta_normal: float = 1.0,
        eta_anomaly: float = 1.0,
        gamma: float | str = "scale",
        max_samples: int = 3000,
        **options: Unpack[RowOptions],
    ):
        super().__init__(**options)
        self.kappa = check_non_negative("kappa", kappa)
        self.eta_unlabelled = check_positive("eta_unlabelled", eta_unlabelled)
        self.eta_normal = check_positive("eta_normal", eta_normal)
        self.eta_anomaly = check_positive("eta_anomaly", eta_anomaly)
        self.gamma = check_gamma(gamma)
        self.max_samples = check_integer("max_samples", max_samples, minimum=2)
        self._support: np.ndarray | None = None
        self._factors: np.ndarray | None = None
        self._width = self._rho = 0.0

    def _fit_rows(self, rows: np.ndarray, labels: np.ndarray) -> None:
        from sklearn.metrics.pairwise import rbf_kernel

        chosen = self._chosen(labels)
        rows, labels = rows[chosen].astype("float64"), labels[chosen]
        # Of the unlabelled and normal ones: what the labels of others change is not the scale.
        self._width = kernel_width(self.gamma, rows[labels >= 0] if (labels >= 0).any() else rows)
        kernel = rbf_kernel(rows, gamma=self._width)
        alphas, self._rho = self._solve(kernel, labels)
        kept = alphas > 1e-9 * alphas.max()
        self._support = rows[kept]
        self._factors = (alphas * np.where(labels < 0, -1.0, 1.0))[kept]

    def _chosen(self, labels: np.ndarray) -> np.ndarray:
        """Positions of the samples that are used."""
        labelled, others = np.flatnonzero(labels), np.flatnonzero(labels == 0)
        if len(labels) <= self.max_samples:
            return np.arange(len(labels))
        count = max(self.max_samples // 2, self.max_samples - len(others))
        labelled = self._drawn(labelled, count)
        others = self._drawn(others, self.max_samples - len(labelled))
        return np.sort(np.concatenate([labelled, others]))

    def _solve(self, kernel: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, float]:
        """Dual variables `(samples,)` and `rho` of the samples of a kernel matrix."""
        signs = np.where(labels < 0, -1.0, 1.0)
        upper = np.select(
            [labels == 0, labels > 0], [self.eta_unlabelled, self.eta_normal], self.eta_anomaly
        )
        kappa = self._feasible_kappa(upper, labels)
        matrix = kernel * np.outer(signs, signs)
        if not labels.any():
            alphas, multipliers = minimize_quadratic(
                matrix, signs[None], np.ones(1), upper.astype("float64")
            )
            return alphas, float(multipliers[0])
        # The sum over the labelled ones minus what it has beyond kappa, one more variable.
        matrix = np.pad(matrix, (0, 1))
        equations = np.stack([np.append(signs, 0.0), np.append((labels != 0) * 1.0, -1.0)])
        solution, multipliers = minimize_quadratic(
            matrix, equations, np.array([1.0, kappa]), np.append(upper, np.inf)
        )
        return solution[:-1], float(multipliers[0])

    def _feasible_kappa(self, upper: np.ndarray, labels: np.ndarray) -> float:
        """`kappa`, or the most that the dual variables of the labelled samples can sum to."""
        free, normal, anomalous = (upper[m].sum() for m in (labels == 0, labels > 0, labels < 0))
        if free + normal <= 1:
            raise ValueError(
                "`eta_unlabelled` and `eta_normal`, each times the number of its samples, must be "
                f"above 1 together. Received: {self.eta_unlabelled} for {(labels == 0).sum()} and "
                f"{self.eta_normal} for {(labels > 0).sum()} samples"
            )
        anomalous = min(anomalous, free + normal - 1)
        most = anomalous + min(normal, 1 + anomalous)
        # A little less, for there to be points within all bounds.
        return min(self.kappa, (1 - 1e-6) * most)

    def _scores_of(self, rows: np.ndarray) -> np.ndarray:
        from sklearn.metrics.pairwise import rbf_kernel

        step = 2048
        parts = [
            rbf_kernel(rows[start : start + step].astype("float64"), self._support, self._width)
            @ self._factors
            for start in range(0, len(rows), step)
        ]
        return self._rho - np.concatenate(parts)
