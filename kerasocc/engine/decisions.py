"""`Detector`: thresholds, p-values and decisions of a model, made from its scores."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from kerasocc.checks import check_fraction, check_one_of_two
from kerasocc.engine.calibration import (
    Calibration,
    confidence_of,
    conformal_calibration,
    p_values,
    select_by_fdr,
    threshold_at,
    warn_of_few_samples,
)
from kerasocc.engine.graph_ranks import p_values_in_graph
from kerasocc.engine.keras_contract import own_variables
from kerasocc.engine.saving import size_state
from kerasocc.engine.scorer import Scorer
from kerasocc.state import reset_state


class Detector(Scorer):
    """What is decided about samples by their scores.

    Attributes:
        calibration_scores: Scores that the model was calibrated on by `fpr`, in ascending
            order, a weight of shape `(n,)`; None without.
        calibration_rate: That rate, a weight of shape `(2,)`: its sum is exact beyond float32.
    """

    data_state = ("calibration_scores", "calibration_rate")

    calibration_scores: Any = None
    calibration_rate: Any = None

    def calibrate(
        self, x: Any, *, contamination: float | None = None, fpr: float | None = None
    ) -> float:
        """Set the decision threshold by the scores of `x`.

        By `fpr` it is the conformal quantile, the `floor((n + 1) fpr)`-th largest of the `n`
        scores: a new normal sample exceeds it with a probability of at most `fpr`. See
        `calibration` for what the rate can be with so many samples. It needs samples that are
        normal, that the model was not trained on, and that are exchangeable with the new normal
        ones (drawn alike, in no special order): the rate of others is not known. Their scores
        are stored as a weight, for `p_values`, `select` and `confidence`. A model that is
        trained further has other scores and must be calibrated again.

        Args:
            x: Samples, shape `(samples, ...)`.
            contamination: Fraction of anomalies in `x`, in [0, 1): as many of its samples, at
                most, will be flagged. A plain quantile, which promises nothing of new samples.
            fpr: Instead: wanted false positive rate on new normal samples, in [0, 1). Where it
                is below `1 / (n + 1)`, the smallest rate that `n` samples allow, the threshold
                is the largest score, with a warning; with 0 without one.

        Returns:
            The threshold; a score above it is an anomaly.

        Reference:
            Vovk et al., Algorithmic Learning in a Random World, Springer 2005.
        """
        check_one_of_two(("contamination", "fpr"), (contamination, fpr))
        if fpr is not None:
            fpr = check_fraction("fpr", fpr, zero=True)
            found = self.calibrate_on_scores(self.score(x), fpr=fpr)
            warn_of_few_samples(found)
            return found.threshold
        rate = check_fraction("contamination", contamination, zero=True)
        return self.flag_share(self.score(x), rate)

    def flag_share(self, scores: np.ndarray, share: float) -> float:
        """As `calibrate` by `contamination`, with scores that have been computed already."""
        threshold = threshold_at(scores, share)
        self.forget_calibration()
        self.threshold.assign(threshold)
        return threshold

    def calibrate_on_scores(self, scores: np.ndarray, *, fpr: float) -> Calibration:
        """As `calibrate`, by scores that have been computed already, and without a warning.

        Args:
            scores: Scores of normal samples that were not trained on, shape `(n,)`.
            fpr: Wanted false positive rate, in [0, 1).

        Returns:
            What the threshold promises.
        """
        fpr = check_fraction("fpr", fpr, zero=True)
        scores = np.sort(np.asarray(scores, "float32"))
        if scores.ndim != 1 or not len(scores) or not np.isfinite(scores).all():
            raise ValueError(
                "`scores` must be finite numbers, one or more, shape (samples,). Received: "
                f"shape {scores.shape}"
            )
        high = np.float32(fpr)
        self._set_state("calibration_scores", scores)
        self._set_state("calibration_rate", np.array([high, fpr - float(high)], "float32"))
        found = self.calibration
        self.threshold.assign(found.threshold)
        return found

    def _set_state(self, name: str, values: np.ndarray) -> None:
        size_state(self, name, values.shape)
        getattr(self, name).assign(values)

    def forget_calibration(self) -> None:
        """Remove the stored scores; the threshold stays."""
        for name in Detector.data_state:
            self.remove_state(name)

    def reset(self) -> None:
        """Forget what was taken from training samples; the next `fit` takes it anew.

        That is the center, the radius, `r`, the state of a regularizer and of latent labels, the
        number of trained epochs, the threshold and the scores of `calibrate`. The weights of the
        networks, the optimizer and the preprocessing, which stays adapted to the samples that it
        has seen, remain.
        """
        self.forget_calibration()
        reset_state(own_variables(self))

    def has_set_threshold(self) -> bool:
        """Whether the threshold was set, by `calibrate` or by hand."""
        return float(keras.ops.convert_to_numpy(self.threshold)) != self.threshold.initial_state

    def derive_state(self, name: str) -> None:
        super().derive_state(name)
        if name in Detector.data_state:
            self.forget_calibration()

    @property
    def calibration(self) -> Calibration | None:
        """What the threshold promises that `calibrate(x, fpr=...)` has set; else None.

        Example:
            >>> model.calibrate(x_held_out, fpr=0.05)  # 21 samples
            >>> model.calibration.interval  # of the true rate, with a probability of 95 %
            (0.0012, 0.161)
        """
        if self.calibration_scores is None:
            return None
        scores = keras.ops.convert_to_numpy(self.calibration_scores)
        rate = keras.ops.convert_to_numpy(self.calibration_rate)
        return conformal_calibration(scores, round(float(rate.sum(dtype="float64")), 12))

    def is_anomaly(self, x: Any, *, batch_size: int | None = None) -> np.ndarray:
        """Decisions, shape `(samples,)`, bool: whether the score exceeds the threshold.

        Raises:
            ValueError: Before `calibrate`.
        """
        threshold = keras.ops.convert_to_numpy(self.threshold)
        if np.isinf(threshold):
            raise ValueError(
                "The decision threshold is not set. Call `calibrate(x, contamination=...)` "
                "or `calibrate(x, fpr=...)` first."
            )
        return self.score(x, batch_size=batch_size) > threshold

    def p_values(self, x: Any, *, batch_size: int | None = None) -> np.ndarray:
        """Conformal p-values `(1 + #{i: s_i >= s(x)}) / (n + 1)`.

        `s_i` are the `n` scores of `calibrate(x, fpr=...)`. For a new normal sample, exchangeable
        with those that the model was calibrated on, the probability of a p-value of at most `t`
        is at most `t`, for every `t`. The model flags a sample by `is_anomaly` exactly where its
        p-value is at most `fpr`, unless the samples were too few for this rate.

        Args:
            x: Samples, shape `(samples, ...)`.
            batch_size: Samples per pass.

        Returns:
            In [1 / (n + 1), 1], float64, shape `(samples,)`; smaller is more anomalous.

        Raises:
            ValueError: Before `calibrate(x, fpr=...)`.

        Reference:
            Vovk et al., Algorithmic Learning in a Random World, Springer 2005; Bates et al.,
            Testing for Outliers with Conformal p-values, Annals of Statistics 2023.
        """
        calibration_scores = self.sorted_calibration_scores()
        return p_values(calibration_scores, self.score(x, batch_size=batch_size))

    def p_values_of_scores(self, scores: Any) -> Any:
        """The same of scores, tensors of shape `(batch,)`, as exported scorers compute them."""
        return p_values_in_graph(self.calibration_scores, scores)

    def select(self, x: Any, *, fdr: float = 0.1, batch_size: int | None = None) -> np.ndarray:
        """Anomalies among the samples, with a bound on the share of false ones among them.

        The procedure of Benjamini and Hochberg on the p-values of all samples at once: the
        expected share of normal samples among the selected ones is at most `fdr`, where the
        normal ones are exchangeable with those that the model was calibrated on, and all of them
        independent. With `m` samples to select from, one alone can be selected only where
        `1 / (n + 1)` is at most `fdr / m`: few calibration samples select few anomalies, or none.

        Args:
            x: Samples, shape `(samples, ...)`.
            fdr: Wanted false discovery rate, in (0, 1).
            batch_size: Samples per pass.

        Returns:
            Which samples are selected, shape `(samples,)`, bool.

        Raises:
            ValueError: Before `calibrate(x, fpr=...)`.

        Reference:
            Benjamini and Hochberg, Controlling the False Discovery Rate, Journal of the Royal
            Statistical Society B 1995; Bates et al., Testing for Outliers with Conformal
            p-values, Annals of Statistics 2023, theorem 2.
        """
        fdr = check_fraction("fdr", fdr)
        return select_by_fdr(self.p_values(x, batch_size=batch_size), fdr)

    def confidence(self, x: Any, *, batch_size: int | None = None) -> np.ndarray:
        """How sure the model is that samples are anomalies: 0.5 at the threshold.

        A scale for people, made of the p-values, not a probability: with `q` the p-value of the
        threshold, `1 - p / (2 q)` for `p <= q`, else `(1 - p) / (2 (1 - q))`. It never falls as
        the score grows, is above 0.5 for the samples that `is_anomaly` flags and at most 0.5 for
        the others. It takes `n + 1` values at most: above all of the `n` calibration scores it
        is `1 - 1 / (2 (l + 1))` with `l = max(floor((n + 1) fpr), 1)`, which is 0.75 for 21
        samples and a rate of 0.05, and 0.99 for 1000. Few samples cannot be sure.

        Args:
            x: Samples, shape `(samples, ...)`.
            batch_size: Samples per pass.

        Returns:
            In [0, 1], float64, shape `(samples,)`.

        Raises:
            ValueError: Before `calibrate(x, fpr=...)`.
        """
        calibration_scores = self.sorted_calibration_scores()
        threshold = np.atleast_1d(keras.ops.convert_to_numpy(self.threshold))
        at_threshold = p_values(calibration_scores, threshold)[0]
        return confidence_of(self.p_values(x, batch_size=batch_size), at_threshold)

    def sorted_calibration_scores(self) -> np.ndarray:
        """The scores of `calibrate(x, fpr=...)`, in ascending order, shape `(n,)`.

        Raises:
            ValueError: Before it.
        """
        if self.calibration_scores is None:
            raise ValueError(
                "The model must hold scores of normal samples to compute p-values. Call "
                "`calibrate(x, fpr=...)` with normal samples that it was not trained on; "
                "`contamination` and earlier versions of the package store none."
            )
        return keras.ops.convert_to_numpy(self.calibration_scores)
