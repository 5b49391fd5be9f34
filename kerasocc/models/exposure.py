"""Latent outlier exposure inside of a model: its step, and the ranking of its training data."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops

from kerasocc.callbacks.base import Measured
from kerasocc.callbacks.latent_labels import LatentLabels
from kerasocc.losses.outlier_exposure import exposed, flags
from kerasocc.models import feeding
from kerasocc.models.positions import check_ends, check_order
from kerasocc.models.sources import ArraySource, Source


class OutlierExposure:
    """The part of `OneClassModel` that `callbacks.LatentLabels` drives."""

    _latent: LatentLabels | None = None
    _has_labels = True
    """Whether training samples may have semi-supervised labels."""

    def anomaly_loss_of(self, representation: Any) -> Any:
        """Per-example loss `L_a` of samples taken for anomalies, shape `(batch,)`, float32.

        Finite, and with finite gradients, for any representation.

        Args:
            representation: What `represent` returned.
        """
        raise NotImplementedError

    def loss_difference_of(self, representation: Any, targets: dict[str, Any]) -> Any:
        """Per-example `L_n - L_a`, shape `(batch,)`, float32; a model may know it for less.

        Args:
            representation: What `represent` returned.
            targets: As `loss_of` takes them.
        """
        return self.loss_of(representation, targets) - self.anomaly_loss_of(representation)

    def _set_latent_labels(
        self, callbacks: list[keras.callbacks.Callback], has_labels: bool = True
    ) -> None:
        """Take the latent labels of a training from its callbacks.

        Args:
            callbacks: Those of the training.
            has_labels: Whether its samples may have semi-supervised labels.
        """
        found = [c for c in callbacks if isinstance(c, LatentLabels)]
        if len(found) > 1:
            raise ValueError(
                f"`callbacks` must hold one `LatentLabels` at most. Received: {len(found)} of them"
            )
        latent = found[0] if found else None
        own = type(self).anomaly_loss_of
        if latent and latent.needs_anomaly_loss and own is OutlierExposure.anomaly_loss_of:
            raise ValueError(
                f"`LatentLabels` needs a model with an anomaly loss for mode={latent.mode!r}; "
                "'refine' and 'blind' work with any, others define `anomaly_loss_of`. Received: "
                f"{type(self).__name__}"
            )
        before = self._step_rule()
        self._latent, self._has_labels = latent, has_labels
        if self._step_rule() != before:
            # Keras keeps the compiled step, and this is part of it.
            self._forget_step()

    def _step_rule(self) -> tuple[Any, ...] | None:
        """What the compiled step knows of the latent labels."""
        return None if self._latent is None else (self._latent.step_rule, self._has_labels)

    def _check_positions(self, source: Source, steps: int | None) -> None:
        """Raise `ValueError` if latent labels cannot be found by the samples' positions."""
        latent = self._latent
        if latent is not None and latent.flags_by_rank and latent.estimates:
            check_ends(source, steps, "to estimate the contamination: every sample has its loss")
        if latent is None or not latent.looks_up:
            return
        size = source.num_samples
        if not isinstance(source, ArraySource):
            check_ends(source, steps, "to keep latent labels: every sample has its own")
            size = check_order(source)[1][0]
        truth = latent.truth
        if truth is not None and len(truth) != size:
            raise ValueError(
                f"`truth` must hold a value per training sample: {size} expected. Received: "
                f"{len(truth)}"
            )

    def _latent_targets(self) -> feeding.LookUps:
        looks_up = self._latent is not None and self._latent.looks_up
        return {"flagged": self._latent.look_up} if looks_up else {}

    def _exposed(self, losses: Any, representation: Any, targets: dict[str, Any]) -> Any:
        """The per-example losses of a training batch, with its flagged samples exposed."""
        latent = self._latent
        if latent is None or not (latent.flags_in_step or latent.looks_up):
            return losses
        anomaly = ops.zeros_like(losses)
        if latent.needs_anomaly_loss:
            anomaly = self.anomaly_loss_of(representation)
        unlabelled = ops.equal(targets["label"], 0) if self._has_labels else None
        if latent.flags_in_step:
            flagged = flags(
                losses - anomaly,
                unlabelled,
                self.flagged_share,
                fixed_shapes=keras.backend.backend() != "tensorflow" or bool(self.jit_compile),
            )
        elif unlabelled is None:
            flagged = targets["flagged"]
        else:
            flagged = targets["flagged"] * ops.cast(unlabelled, "float32")
        return exposed(losses, anomaly, latent.label * flagged)

    def normal_losses(self, x: Any) -> Any:
        """`L_n` of inputs `(batch, ...)` without labels, in inference mode, shape `(batch,)`."""
        return self.loss_of(self.represent(x), feeding.as_targets(None, x))

    def loss_differences(self, x: Any) -> Any:
        """`L_n - L_a` of inputs without labels, in inference mode, shape `(batch,)`."""
        return self.loss_difference_of(self.represent(x), feeding.as_targets(None, x))

    def training_ranking(self) -> Measured | None:
        """What ranks the training samples, by the present weights: `L_n - L_a`, or `L_n` alone.

        Returns:
            None for data without an end.
        """
        ranks = "loss_differences" if self._latent.needs_anomaly_loss else "normal_losses"
        return self._measured(ranks)

    def training_losses(self) -> Measured | None:
        """`L_n` of the training samples by the present weights; None for data without an end."""
        return self._measured("normal_losses")

    def _measured(self, method: str) -> Measured | None:
        data = self._running_training_data()
        if data.source.endless or data.steps is not None:
            return None
        seen: list[tuple[Any, Any]] = []
        values = self.map_source(method, data.source, seen=seen)
        labels = [label for label, _ in seen]
        if any(label is None for label in labels):
            return Measured(values, None)
        return Measured(values, np.concatenate(labels) == 0)

    def training_size(self) -> int | None:
        """Number of the training samples, where it is known without reading them."""
        return self._running_training_data().source.num_samples
