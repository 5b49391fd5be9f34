"""The objective over a global batch, put together from what a model defines."""

from __future__ import annotations

from typing import Any

from keras import ops

from kerasocc import distribution
from kerasocc.engine.latent_training import apply_latent_rule
from kerasocc.engine.model_protocols import TrainableModel
from kerasocc.losses.weight_decay import squared_norm


def share_of_objective(
    model: TrainableModel,
    representation: Any,
    targets: dict[str, Any],
    sample_weight: Any,
    training: bool,
) -> Any:
    """Share of this replica in the objective over the global batch.

    Args:
        model: Defines the losses and the penalties.
        representation: What its `represent_batch` returned.
        targets: As `loss_of` takes them.
        sample_weight: Shape `(batch,)`, or None.
        training: Whether latent labels count, and to add weight decay, the regularizer and the
            layers' own losses.

    Returns:
        Scalar, float32.
    """
    losses = model.loss_of(representation, targets)
    run = model.current_run
    if training and run is not None and run.latent_rule is not None:
        losses = apply_latent_rule(
            model, run.latent_rule, losses, representation, targets, run.may_have_labels
        )
    if training and run is not None and run.has_outliers and not model.uses_labels:
        outlier_losses = model.anomaly_loss_of(representation)
        losses = ops.where(targets["label"] < 0, outlier_losses, losses)
    if sample_weight is not None:
        losses = losses * ops.cast(ops.reshape(sample_weight, (-1,)), losses.dtype)
    weights = model.weight_penalty()
    model.loss_tracker.update_state(losses + weights)
    total = distribution.global_mean_share(losses) + distribution.replicated_share(weights)
    if training:
        extra = sum(ops.cast(loss, "float32") for loss in model.losses)
        if model.weight_decay:
            extra = extra + model.weight_decay * squared_norm(model.decayed_kernels())
        penalty = model.regularization(representation, total)
        total = total + distribution.replicated_share(extra) + penalty
    return total
