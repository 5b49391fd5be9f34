"""`PyODAdapter`: a detector with the names, the signs and the labels of PyOD."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from scipy.special import erf
from scipy.stats import binom
from sklearn.base import BaseEstimator, clone
from sklearn.utils.validation import check_is_fitted

from kerasocc.checks import check_choice
from kerasocc.estimators.detector import OneClassDetector, check_contamination


class PyODAdapter(BaseEstimator):
    """A detector of this package as one of PyOD: larger scores and label 1 are anomalies.

    PyOD itself is not needed. Its functions of scores (`pyod.models.combination`), its thresholds
    (`pyod.models.thresholds`, PyThresh) and its meta-detectors take the adapter.

    As in PyOD all samples train, and the threshold is a quantile of their scores, which are those
    of nearest neighbours without the sample itself. It promises nothing of new samples: for a
    false positive rate use the detector itself.

    Args:
        detector: A detector of `kerasocc.estimators`, which is cloned; its own `contamination`
            and `fpr` play no part.
        contamination: Share of the training samples that are anomalies, in (0, 0.5]; or a
            threshold object of PyThresh, whose `fit` to scores gives it `labels_`.

    Attributes:
        detector_: The fitted detector.
        decision_scores_: Scores of the training samples, shape `(samples,)`.
        threshold_: Score above which a sample is an anomaly.
        labels_: Labels of the training samples, 0 or 1, shape `(samples,)`.

    Example:
        >>> from kerasocc.estimators import DeepSVDDDetector, PyODAdapter
        >>> clf = PyODAdapter(DeepSVDDDetector(random_state=0), contamination=0.1).fit(X_train)
        >>> clf.labels_, clf.decision_scores_, clf.predict_proba(X_new)

    Reference:
        Zhao et al., PyOD: A Python Toolbox for Scalable Outlier Detection, JMLR 2019.
    """

    def __init__(self, detector: OneClassDetector, *, contamination: Any = 0.1):
        self.detector = detector
        self.contamination = contamination

    def fit(self, X: Any, y: Any = None) -> Self:
        """Fit to all samples.

        Args:
            X: Training samples, anomalies among them.
            y: As that of the detector: mostly ignored.

        Raises:
            ValueError: For a `contamination` out of range, and for another kind of detector.
        """
        if not isinstance(self.detector, OneClassDetector):
            raise ValueError(
                "`detector` must be one of `kerasocc.estimators`. Received: "
                f"detector={self.detector!r}"
            )
        rate = self._rate()
        # Any share has all samples train; the threshold is set below.
        fitted = clone(self.detector).set_params(contamination=0.1)
        scores = fitted._fit(X, y).astype("float64")
        self.detector_, self.decision_scores_ = fitted, scores
        if rate is None:
            self.labels_ = np.asarray(clone(self.contamination, safe=False).fit(scores).labels_)
            normal = scores[self.labels_ == 0]
            self.threshold_ = float(normal.max() if len(normal) else np.nextafter(scores.min(), -1))
        else:
            self.threshold_ = float(np.quantile(scores, 1 - rate))
            self.labels_ = (scores > self.threshold_).astype(int)
        self.n_features_in_ = fitted.n_features_in_
        return self

    def _rate(self) -> float | None:
        """The share of anomalies; None for a threshold object."""
        if callable(getattr(self.contamination, "fit", None)):
            return None
        return check_contamination(self.contamination)

    def decision_function(self, X: Any) -> np.ndarray:
        """Anomaly scores, larger for anomalies, shape `(samples,)`."""
        check_is_fitted(self)
        return -self.detector_.score_samples(X)

    def predict(self, X: Any, return_confidence: bool = False) -> Any:
        """Labels: 1 for anomalies, 0 for normal samples, shape `(samples,)`.

        Args:
            X: Samples.
            return_confidence: Whether to return `(labels, predict_confidence(X))`.
        """
        labels = (self.decision_function(X) > self.threshold_).astype(int)
        return (labels, self.predict_confidence(X)) if return_confidence else labels

    def fit_predict(self, X: Any, y: Any = None) -> np.ndarray:
        """`labels_` after `fit`."""
        return self.fit(X, y).labels_

    def predict_proba(self, X: Any, method: str = "linear", return_confidence: bool = False) -> Any:
        """Scores on a scale from 0 to 1, which are no probabilities of being an anomaly.

        Args:
            X: Samples.
            method: `"linear"`: the range of the training scores becomes [0, 1]; `"unify"`: the
                Gaussian error function of the standardized score, below the mean 0.
            return_confidence: Whether to return `(values, predict_confidence(X))`.

        Returns:
            Columns normal and anomaly, shape `(samples, 2)`.

        Reference:
            Kriegel et al., Interpreting and Unifying Outlier Scores, SDM 2011.
        """
        check_choice("method", method, ["linear", "unify"])
        scores, known = self.decision_function(X), self.decision_scores_
        if method == "linear":
            values = (scores - known.min()) / (np.ptp(known) or 1.0)
        else:
            values = erf((scores - known.mean()) / ((known.std() or 1.0) * np.sqrt(2)))
        anomaly = np.clip(values, 0, 1)
        both = np.stack([1 - anomaly, anomaly], axis=1)
        return (both, self.predict_confidence(X)) if return_confidence else both

    def predict_confidence(self, X: Any) -> np.ndarray:
        """Probability that a slightly different training set leads to the same labels.

        With `t` of the `n` training scores at most that of a sample, the chance that one more is
        below it is taken for `q = (1 + t) / (2 + n)`; the sample is an anomaly if more than
        `n (1 - contamination)` of `n` draws are.

        Returns:
            In [0, 1], shape `(samples,)`.

        Reference:
            Perini et al., Quantifying the Confidence of Anomaly Detectors in Their Example-wise
            Predictions, ECML PKDD 2020.
        """
        scores = self.decision_function(X)
        count = len(self.decision_scores_)
        below = np.searchsorted(np.sort(self.decision_scores_), scores, side="right")
        rate = self._rate()
        flagged = int(self.labels_.sum()) if rate is None else int(count * rate)
        anomaly = 1 - binom.cdf(count - flagged, count, (1 + below) / (2 + count))
        return np.where(scores > self.threshold_, anomaly, 1 - anomaly)
