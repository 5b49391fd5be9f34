"""`TrainingRun`: what belongs to a running `fit`, and to no other."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from kerasocc.engine.batch_provider import BatchProvider, SampleTargets
from kerasocc.engine.labels import check_training_labels, warn_of_evaluation_labels
from kerasocc.engine.model_protocols import TrainableModel
from kerasocc.engine.outlier_exposure import ExposedSource
from kerasocc.engine.sample_checks import ALL_ZERO
from kerasocc.engine.sources import Source
from kerasocc.engine.workers import Workers
from kerasocc.losses.latent_outlier_exposure import LatentRule


class Measured(NamedTuple):
    """Values of the training samples, in stored order.

    Attributes:
        values: One per sample, shape `(samples,)`.
        candidates: Whether a sample is unlabelled, shape `(samples,)`, bool; None for all.
    """

    values: np.ndarray
    candidates: np.ndarray | None


class TrainingRun:
    """A running `fit`: its model, its samples, and what is kept for its length.

    `model.current_run` is this one while `fit` runs, else None.

    Args:
        model: The model that is trained.
        source: The training samples.
        batch_size: Samples per step.
        steps_per_epoch: As given to `fit`.
        latent_rule: That of the `LatentLabels` among the callbacks, or None.
        outliers: The samples with auxiliary outliers, or None.

    Attributes:
        bound: Number of batches that one pass over the samples is bounded by, or None.
            Arrays are read once whatever the length of an epoch; a dataset may be endless.
        drawn_from: What batches are drawn from: the samples, and the outliers if there are any.
        has_outliers: Whether there are auxiliary outliers, which have the label -1.
        may_have_labels: Whether samples of a batch may have semi-supervised labels.
        provider: Makes the batches; None before it has been chosen.
        cached: What the model keeps for the length of the training, by name.
        flags: Which samples are taken for anomalies, shape `(samples,)`, 0 or 1, float32;
            None for none.
        workers: The processes that train the model together.
        weights: Weights of the samples that `map` has gone through, shape `(samples,)`; None
            for samples without.
    """

    def __init__(
        self,
        model: TrainableModel,
        source: Source,
        batch_size: int,
        steps_per_epoch: int | None,
        latent_rule: LatentRule | None,
        outliers: ExposedSource | None = None,
    ):
        self.model = model
        self.source = source
        self.batch_size = batch_size
        self.bound = None if source.has_random_access else steps_per_epoch
        self.latent_rule = latent_rule
        self.drawn_from = source if outliers is None else outliers
        self.has_outliers = outliers is not None
        self.may_have_labels = self.drawn_from.may_have_labels
        self.provider: BatchProvider | None = None
        self.cached: dict[str, Any] = {}
        self.flags: np.ndarray | None = None
        self.weights = source.sample_weight
        self.workers = Workers(model)

    @property
    def samples_per_pass(self) -> int:
        """How many samples a pass over arrays trains on."""
        if self.has_outliers:
            return self.drawn_from.samples_per_pass(self.batch_size)
        return self.source.num_samples

    @property
    def step_key(self) -> tuple[Any, ...] | None:
        """What the compiled step depends on, beside the model and what it was compiled with."""
        rule = self.latent_rule
        if rule is None:
            return ("outliers",) if self.has_outliers else None
        return rule.step_key, self.may_have_labels

    @property
    def sample_targets(self) -> SampleTargets:
        """The per-sample targets: those of the model, and the latent flags."""
        rule = self.latent_rule
        flags = {"flagged": self.flags_at} if rule is not None and rule.flags_by_position else {}
        return {**self.model.sample_targets(), **flags}

    def flags_at(self, index: np.ndarray) -> np.ndarray:
        """Latent flags of the samples at positions `(batch,)`, 0 or 1, float32."""
        if self.flags is None:
            return np.zeros(len(index), "float32")
        if np.any(index >= len(self.flags)):
            raise ValueError(
                "`x` must hold the same samples at every pass. Received: a sample at position "
                f"{index.max()} of {len(self.flags)}"
            )
        return self.flags[index]

    def map(self, method: str, *, mean: bool = False) -> np.ndarray:
        """Apply a method of the model to the training set, in inference mode and stored order.

        Args:
            method: Name of a method from a tensor `(batch, ...)` to `(batch, ...)`.
            mean: Whether to return the mean over the samples.
        """
        collected: list | None = None if self.source.has_random_access else []
        result = self.model.inference.map(
            method, self.source, steps=self.bound, collected=collected, mean=mean
        )
        self._keep_weights(collected)
        # The labels of arrays were checked when the training began.
        labels = [label for label, _ in collected or () if label is not None]
        if labels:
            self.check_labels(np.concatenate(labels))
        return result

    def _keep_weights(self, collected: list[tuple[Any, Any]] | None) -> None:
        """Keep the weights of the samples of a dataset that have just been read."""
        if collected is None:
            return
        weights = [weight for _, weight in collected if weight is not None]
        if len(weights) not in (0, len(collected)):
            raise ValueError(
                "All batches must have a `sample_weight`, or none. Received: "
                f"{len(weights)} of {len(collected)} batches with one"
            )
        self.weights = np.concatenate(weights) if weights else None
        if self.weights is not None and not self.weights.any():
            raise ValueError(ALL_ZERO)

    def measure(self, method: str) -> Measured | None:
        """Apply a method to the training set, and tell which samples are unlabelled.

        Args:
            method: Name of a method from a tensor `(batch, ...)` to `(batch,)`.

        Returns:
            None for data without an end.
        """
        if self.source.endless or self.bound is not None:
            return None
        collected: list[tuple[Any, Any]] = []
        values = self.model.inference.map(method, self.source, collected=collected)
        labels = [label for label, _ in collected]
        if any(label is None for label in labels):
            return Measured(values, None)
        return Measured(values, np.concatenate(labels) == 0)

    def subset(self, count: int) -> np.ndarray:
        """Up to `count` training samples, the same ones at every call."""
        return self.source.subset(count, self.batch_size, self.bound)

    def check_labels(self, labels: np.ndarray) -> None:
        """Check the semi-supervised labels of the whole training set, shape `(samples,)`."""
        check_training_labels(labels, uses_labels=self.model.uses_labels)
        warn_of_evaluation_labels(labels)
