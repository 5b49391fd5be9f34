"""`ClassicalDetector`: a detector of rows of numbers behind the interface of the models."""

from __future__ import annotations

import math
import random
from typing import Any, Self, TypedDict

import keras
import numpy as np

from kerasocc.baselines.rows import RowMaker
from kerasocc.checks import check_fraction, check_integer, check_one_of_two, check_positive
from kerasocc.engine.as_source import as_source
from kerasocc.engine.calibration import (
    Calibration,
    conformal_calibration,
    p_values,
    threshold_at,
    warn_of_few_samples,
)
from kerasocc.engine.labels import check_training_labels, warn_of_evaluation_labels
from kerasocc.engine.sources import Source
from kerasocc.models.options import signature_with_options


class RowOptions(TypedDict, total=False):
    """Arguments of every detector of rows; `ClassicalDetector` describes them."""

    encoder: keras.Model | None
    preprocessing: keras.layers.Layer | None
    components: float | None
    seed: int | None


class ClassicalDetector:
    """Base of the detectors that are no networks.

    They score as the models do, larger being more anomalous, and are calibrated alike. Raw
    pixels or columns are read as they come; `components=0.95` reads their principal components,
    and `encoder=` the codes of a network, which makes a hybrid.

    Nothing is tuned on labels: what depends on the data comes from the training samples.

    Args:
        encoder: Keras model from preprocessed inputs to codes, or a model of this package (its
            `embed` is used, with its own preprocessing); None for the inputs. It is not trained.
        preprocessing: Adapted layer that raw inputs pass first, or None.
        components: How many principal components are kept, or if it is below 1 the share of the
            variance that they hold at least; None for all that is read.
        seed: Seed of all that is drawn. None draws one from Python's `random`.

    Attributes:
        threshold: A score above it is an anomaly; infinite before `calibrate`.
        calibration: What the threshold promises that `calibrate(x, fpr=...)` has set; else None.
    """

    uses_labels = False
    """Whether `y` given to `fit` changes anything."""

    def __init_subclass__(cls, **arguments: Any):
        super().__init_subclass__(**arguments)
        signature = signature_with_options(cls.__init__, super(cls, cls).__init__)
        if signature is not None:
            cls.__init__.__signature__ = signature

    def __init__(
        self,
        *,
        encoder: keras.Model | None = None,
        preprocessing: keras.layers.Layer | None = None,
        components: float | None = None,
        seed: int | None = None,
    ):
        self.seed = None if seed is None else check_integer("seed", seed, minimum=0)
        self._seed_used = random.randrange(2**31) if seed is None else seed
        self._rows = RowMaker(encoder, preprocessing, components, self._seed_used)
        self.is_fitted = False
        self._forget_calibration()

    def _forget_calibration(self) -> None:
        self.threshold = math.inf
        self.calibration: Calibration | None = None
        self._calibration_scores: np.ndarray | None = None

    # What a subclass defines.

    def _fit_rows(self, rows: np.ndarray, labels: np.ndarray) -> None:
        """Learn from rows `(samples, d)`, float32, with labels -1, 0 and +1, `(samples,)`."""
        raise NotImplementedError

    def _scores_of(self, rows: np.ndarray) -> np.ndarray:
        """Scores of rows `(samples, d)`, float32, shape `(samples,)`."""
        raise NotImplementedError

    # What users call.

    def fit(self, x: Any, y: Any = None) -> Self:
        """Learn from training samples; a threshold from before is forgotten.

        Args:
            x: Array of shape `(samples, ...)`, data frame, dict of columns, sparse matrix or
                dataset of batches, (nearly) all normal. It is held in memory.
            y: Semi-supervised labels, shape `(samples,)`: +1 labelled normal, -1 labelled
                anomaly, 0 unlabelled. None for all unlabelled.

        Returns:
            The detector.

        Raises:
            ValueError: For data that cannot be learned from, by name; labelled anomalies are
                among them for a detector that does not use labels.
        """
        source = _in_memory(self._rows.read(x, y))
        labels = np.zeros(source.num_samples) if source.y is None else source.y
        check_training_labels(labels, uses_labels=self.uses_labels)
        warn_of_evaluation_labels(labels)
        rows = self._rows.fit(x, source)
        if len(rows) < 2:
            raise ValueError(f"`x` must hold at least 2 samples. Received: {len(rows)}")
        self._fit_rows(rows, labels)
        self.is_fitted = True
        self._forget_calibration()
        return self

    def score(self, x: Any) -> np.ndarray:
        """Anomaly scores, larger is more anomalous.

        Args:
            x: Samples, as for `fit`.

        Returns:
            Shape `(samples,)`, float32.

        Raises:
            ValueError: For data that do not fit or hold NaN or infinity, and before `fit`.
        """
        if not self.is_fitted:
            raise ValueError(f"{type(self).__name__} is not fitted yet. Call `fit` first.")
        scores = self._scores_of(self._rows.rows_of(self._rows.read(x))).astype("float32")
        if not np.isfinite(scores).all():
            raise ValueError(
                f"`x` must have finite scores. Received: {int((~np.isfinite(scores)).sum())} of "
                f"{len(scores)} samples so far from the training samples that theirs overflow"
            )
        return scores

    def calibrate(
        self, x: Any, *, contamination: float | None = None, fpr: float | None = None
    ) -> float:
        """Set the decision threshold by the scores of `x`, as that of the models.

        Args:
            x: Samples, shape `(samples, ...)`; for `fpr` normal ones that were not fitted on.
            contamination: Fraction of `x` that is flagged, at most, in [0, 1).
            fpr: Instead: wanted false positive rate on new normal samples, in [0, 1), by the
                conformal quantile.

        Returns:
            The threshold; a score above it is an anomaly.

        Reference:
            Vovk et al., Algorithmic Learning in a Random World, Springer 2005.
        """
        check_one_of_two(("contamination", "fpr"), (contamination, fpr))
        if fpr is None:
            rate = check_fraction("contamination", contamination, zero=True)
            threshold = threshold_at(self.score(x), rate)
            self._forget_calibration()
            self.threshold = threshold
            return threshold
        fpr = check_fraction("fpr", fpr, zero=True)
        scores = np.sort(self.score(x))
        self.calibration = conformal_calibration(scores, fpr)
        warn_of_few_samples(self.calibration)
        self._calibration_scores = scores
        self.threshold = self.calibration.threshold
        return self.threshold

    def is_anomaly(self, x: Any) -> np.ndarray:
        """Decisions, shape `(samples,)`, bool: whether the score exceeds the threshold.

        Raises:
            ValueError: Before `calibrate`.
        """
        if math.isinf(self.threshold):
            raise ValueError(
                "The decision threshold is not set. Call `calibrate(x, contamination=...)` "
                "or `calibrate(x, fpr=...)` first."
            )
        return self.score(x) > np.float32(self.threshold)

    def p_values(self, x: Any) -> np.ndarray:
        """Conformal p-values, shape `(samples,)`, float64; smaller is more anomalous.

        Raises:
            ValueError: Before `calibrate(x, fpr=...)`.
        """
        if self._calibration_scores is None:
            raise ValueError(
                "The detector must hold scores of normal samples to compute p-values. Call "
                "`calibrate(x, fpr=...)` with normal samples that it was not fitted on."
            )
        return p_values(self._calibration_scores, self.score(x))

    def _drawn(self, candidates: np.ndarray, count: int) -> np.ndarray:
        """At most `count` of some positions, drawn by the seed, in ascending order."""
        if len(candidates) <= count:
            return candidates
        generator = np.random.default_rng(self._seed_used)
        return np.sort(generator.choice(candidates, count, replace=False))


def check_gamma(gamma: Any) -> Any:
    """Return the width of an RBF kernel if it is `"scale"` or a number above 0."""
    if isinstance(gamma, str) and gamma == "scale":
        return gamma
    try:
        return check_positive("gamma", gamma)
    except ValueError as error:
        raise ValueError(str(error).replace(" must be ", " must be 'scale' or ", 1)) from None


def kernel_width(gamma: Any, rows: np.ndarray) -> float:
    """`gamma` of `exp(-gamma ||x - y||^2)`; `"scale"` is `1 / (d * variance)`, as scikit-learn's.

    Args:
        gamma: A number, or `"scale"`.
        rows: Training rows, shape `(samples, d)`.
    """
    if gamma != "scale":
        return gamma
    variance = float(rows.var(dtype="float64"))
    return 1.0 / (rows.shape[1] * variance) if variance > 0 else 1.0


def _in_memory(source: Source) -> Source:
    """The samples with their labels as arrays: a dataset may give them in another order later."""
    if source.has_random_access:
        return source
    batches = list(source.batches(source.rows_at_once))
    x = np.concatenate([x for x, _, _ in batches])
    labels = [np.zeros(len(x)) if y is None else y for x, y, _ in batches]
    return as_source(x, np.concatenate(labels), dtype=source.dtype)
