"""Latent outlier exposure: which training samples are taken for anomalies."""

from __future__ import annotations

from typing import Any

import numpy as np

from kerasocc.callbacks.base import StateCallback
from kerasocc.callbacks.contamination_estimate import estimate_contamination
from kerasocc.checks import check_choice, check_fraction, check_integer
from kerasocc.losses.latent_outlier_exposure import MODES, LatentRule, as_ratio, flag_samples


class LatentLabels(StateCallback):
    """Train on contaminated data: infer which samples are anomalies, and expose them.

    Latent labels `y` and weights are updated alternately: the `contamination` share of
    the samples with the largest `L_n - L_a` is flagged, then
    `sum_i (1 - y_i) L_n(x_i) + y_i L_a(x_i)` takes gradient steps. `L_n` is the
    model's objective, `L_a` its `anomaly_loss_of`. The score stays `L_n`.

    | `mode` | `y` of flagged samples | |
    |---|---|---|
    | `"soft"` | 0.5 | LOE-S: they cost `(L_n + L_a) / 2` |
    | `"hard"` | 1 | LOE-H |
    | `"refine"` | | baseline: they are left out; ranked by `L_n` alone |
    | `"blind"` | | baseline: none is flagged |
    | `"known"` | 1 | upper bound: those with `truth` 1 are, none else |

    Flagged or not, a sample counts for the center, for the radius of soft-boundary Deep SVDD and
    for `r` of OC-NN: they are set over all training samples, so `nu` is the share of all of them
    that lies beyond. Choose `nu` at least as large as `contamination` to have room for both.

    Samples with a semi-supervised label (+1, -1) keep it and are never flagged; the
    quota is that of the unlabelled ones. Per batch, the whole part of `contamination * n` is
    flagged and the rest is carried over to the next batch, so that the batches flag the whole
    part of `contamination` times all samples together, whatever their size: at 0.01 and 32
    samples a batch, none in three batches and one in the fourth. What is left at the end of an
    epoch, or of a training, counts in the next one. Per epoch, the number for the whole set is
    rounded.

    Args:
        mode: See above.
        contamination: Assumed fraction of anomalies among the (unlabelled) training
            samples, in [0, 1), or `"auto"`: `estimate_contamination` of `L_n` when the
            warm-up ends (and later, as long as it is 0), which needs one of at least an
            epoch and data that end; ignored by `"blind"` and `"known"`.
        refresh: `"batch"` flags within every (global) batch, inside of the compiled
            step, as in the paper; `"epoch"` at the beginning of every epoch with the
            weights of that moment, in inference mode, with one quota for the whole
            training set. That costs a scoring pass and needs samples that keep their
            position.
        warmup: Epochs, counted over all fits, before any sample is flagged.
        truth: 0 normal or 1 anomaly, shape `(samples,)`, in the order of the training
            data; for `"known"` alone.

    Attributes:
        rule: What the training applies, a frozen `LatentRule`.
        labels: After the training, `y` of every training sample by its final weights and
            one quota for all, shape `(samples,)`, float32, in stored order; None for
            data that do not end.
        contamination_used: The share that is flagged now: 0 in the warm-up, the estimated
            one with `"auto"`.

    Raises:
        ValueError: If an argument is out of range or does not fit the others; when a
            training begins, for a model without an anomaly loss, `truth` of another
            length, and a dataset whose samples have no position where they need one.

    Example:
        >>> model.fit(x, callbacks=[kerasocc.callbacks.LatentLabels(contamination=0.1)])

    Reference:
        Qiu et al., Latent Outlier Exposure for Anomaly Detection with Contaminated
        Data, ICML 2022.
    """

    def __init__(
        self,
        *,
        mode: str = "soft",
        contamination: float | str = 0.1,
        refresh: str = "batch",
        warmup: int = 0,
        truth: Any = None,
    ):
        super().__init__()
        self.mode = check_choice("mode", mode, list(MODES))
        self.estimates = isinstance(contamination, str) and contamination == "auto"
        if isinstance(contamination, str) and not self.estimates:
            raise ValueError(
                "`contamination` must be in [0, 1), or 'auto'. Received: "
                f"contamination={contamination!r}"
            )
        self.contamination = contamination
        if not self.estimates:
            self.contamination = check_fraction("contamination", contamination, zero=True)
        self.refresh = check_choice("refresh", refresh, ["batch", "epoch"])
        self.warmup = check_integer("warmup", warmup, minimum=0)
        self.truth = self._checked(truth)
        self.rule = LatentRule(
            mode=self.mode,
            refresh=self.refresh,
            estimates_contamination=self.estimates,
            num_truths=None if self.truth is None else len(self.truth),
        )
        if self.estimates and self.rule.flags_by_rank and not self.warmup:
            raise ValueError(
                "`warmup` must be at least 1 for contamination='auto': the estimate is made of "
                "the losses of a trained model. Received: warmup=0"
            )
        self.labels: np.ndarray | None = None
        self.contamination_used = 0.0

    def _checked(self, truth: Any) -> np.ndarray | None:
        if (truth is not None) != (self.mode == "known"):
            raise ValueError(
                "`truth` must be given for mode='known', and for no other. Received: "
                f"mode={self.mode!r}, truth={'None' if truth is None else 'an array'}"
            )
        if truth is None:
            return None
        truth = np.asarray(truth)
        if truth.ndim != 1 or not np.isin(truth, (0, 1)).all():
            raise ValueError(
                "`truth` must be 0 (normal) or 1 (anomaly) per sample, shape (samples,). Received: "
                f"shape {truth.shape}, values {np.unique(truth)[:5].tolist()}"
            )
        return truth.astype("float32")

    def on_train_begin(self, logs=None):
        self.labels, self.contamination_used = None, 0.0
        self.model.training_run.flags = self.truth
        # A backup that is restored after this holds the share that was estimated.
        self.model.flagged_share.assign(0.0)
        self.model.flagged_ratio.assign([0, 0])

    def on_epoch_begin(self, epoch, logs=None):
        # To read or to set a weight takes as long as a step of a small model.
        if not self.rule.flags_by_rank or (self.warmup and self.epochs_trained() < self.warmup):
            return
        share = self._estimated_share() if self.estimates else self.contamination
        if self.refresh == "batch" or share != self.contamination_used:
            # The step reads them: set anew, should other weights have been loaded meanwhile.
            self.model.flagged_share.assign(share)
            self.model.flagged_ratio.assign(as_ratio(share))
        self.contamination_used = share
        if self.refresh == "epoch":
            # With a share of 0 no pass over the samples is needed.
            self.model.training_run.flags = self._current_flags() if share else None

    def on_epoch_end(self, epoch, logs=None):
        if self.rule.flags_by_rank and logs is not None:
            logs["flagged_share"] = self.contamination_used

    def finish(self):
        flags = self.truth
        if self.rule.flags_by_rank:
            self.contamination_used = self._share_of_weights()
            flags = self._current_flags()
        elif self.mode == "blind":
            samples = self.model.training_run.source.num_samples
            flags = None if samples is None else np.zeros(samples, "float32")
        self.labels = None if flags is None else self.rule.label * flags

    def _share_of_weights(self) -> float:
        """The share that belongs to the weights, which may be those of an earlier epoch.

        A finished training that is restored has not run an epoch at all.
        """
        share = self.value_of(self.model.flagged_share)
        return share if self.estimates or not share else self.contamination

    def _estimated_share(self) -> float:
        """The share that was estimated before, or is estimated now."""
        share = self.value_of(self.model.flagged_share)
        if share:
            return share
        losses, candidates = self.model.training_run.measure("normal_losses")
        return estimate_contamination(losses if candidates is None else losses[candidates])

    def _current_flags(self) -> np.ndarray | None:
        """Flags of the training samples by the present weights, None for data without an end."""
        ranks = "loss_differences" if self.rule.needs_anomaly_loss else "normal_losses"
        ranking = self.model.training_run.measure(ranks)
        return None if ranking is None else flag_samples(*ranking, self.contamination_used)
