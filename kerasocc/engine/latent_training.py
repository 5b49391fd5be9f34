"""Latent outlier exposure in a training: which rule applies, and its losses in a step."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from kerasocc.callbacks.latent_labels import LatentLabels
from kerasocc.engine.model_protocols import TrainableModel
from kerasocc.engine.positions import check_ends, check_order
from kerasocc.engine.sources import Source
from kerasocc.losses.latent_outlier_exposure import LatentRule, flag_batch, mixed_loss


def latent_rule_of(
    model: TrainableModel, callbacks: list[keras.callbacks.Callback], *, has_outliers: bool = False
) -> LatentRule | None:
    """The rule of the `LatentLabels` among the callbacks of a training, None without.

    Raises:
        ValueError: If there are several, if the model has no anomaly loss for theirs, or if
            auxiliary outliers are mixed into the batches that it ranks.
    """
    found = [c for c in callbacks if isinstance(c, LatentLabels)]
    if len(found) > 1:
        raise ValueError(
            f"`callbacks` must hold one `LatentLabels` at most. Received: {len(found)} of them"
        )
    if not found:
        return None
    if has_outliers:
        raise ValueError(
            "`outliers` must be None with `LatentLabels`, which find anomalies among the samples "
            "of a batch by their rank. Received: both"
        )
    rule = found[0].rule
    if rule.needs_anomaly_loss and not model.has_anomaly_loss:
        raise ValueError(
            f"`LatentLabels` needs a model with an anomaly loss for mode={rule.mode!r}; "
            "'refine' and 'blind' work with any, others define `anomaly_loss_of`. Received: "
            f"{type(model).__name__}"
        )
    return rule


def check_positions(rule: LatentRule, source: Source, steps: int | None) -> None:
    """Raise `ValueError` if latent labels cannot be found by the samples' positions.

    Args:
        rule: Of the training.
        source: Its samples.
        steps: `steps_per_epoch`.
    """
    if rule.flags_by_rank and rule.estimates_contamination:
        check_ends(source, steps, "to estimate the contamination: every sample has its loss")
    if not rule.flags_by_position:
        return
    size = source.num_samples
    if not source.has_random_access:
        check_ends(source, steps, "to keep latent labels: every sample has its own")
        size = check_order(source)[1][0]
    if rule.num_truths not in (None, size):
        raise ValueError(
            f"`truth` must hold a value per training sample: {size} expected. Received: "
            f"{rule.num_truths}"
        )


def apply_latent_rule(
    model: TrainableModel,
    rule: LatentRule,
    losses: Any,
    representation: Any,
    targets: dict[str, Any],
    may_have_labels: bool,
) -> Any:
    """Mix the anomaly loss of flagged samples into the losses of a training batch.

    Args:
        model: Has `anomaly_loss_of` and the weights `flagged_ratio` and `flagged_remainder`.
        rule: Of the training.
        losses: `L_n`, shape `(batch,)`.
        representation: What `represent_batch` returned.
        targets: Of the batch; `flagged` among them where the rule flags by position.
        may_have_labels: Whether samples may have semi-supervised labels, which are never
            flagged.

    Returns:
        Per-example losses, shape `(batch,)`.
    """
    if not (rule.flags_in_step or rule.flags_by_position):
        return losses
    anomaly = ops.zeros_like(losses)
    if rule.needs_anomaly_loss:
        anomaly = model.anomaly_loss_of(representation)
    unlabelled = ops.equal(targets["label"], 0) if may_have_labels else None
    if rule.flags_in_step:
        flagged, remainder = flag_batch(
            losses - anomaly,
            unlabelled,
            ops.convert_to_tensor(model.flagged_ratio),
            ops.convert_to_tensor(model.flagged_remainder),
            fixed_shapes=keras.backend.backend() != "tensorflow" or bool(model.jit_compile),
        )
        model.flagged_remainder.assign(remainder)
    elif unlabelled is None:
        flagged = targets["flagged"]
    else:
        flagged = targets["flagged"] * ops.cast(unlabelled, "float32")
    return mixed_loss(losses, anomaly, rule.label * flagged)
