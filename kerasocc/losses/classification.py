"""Binary classification of anomalies: the cross-entropy of a logit, unreduced."""

from __future__ import annotations

from typing import Any

from keras import ops


def normal_loss(logit: Any) -> Any:
    """`log(1 + exp(f))`, the loss of normal samples.

    Args:
        logit: `f`, of being an anomaly, shape `(batch,)`.

    Returns:
        Per-example loss, shape `(batch,)`.
    """
    return ops.softplus(logit)


def anomaly_loss(logit: Any) -> Any:
    """`log(1 + exp(-f))`, the loss of anomalies; as `normal_loss`."""
    return ops.softplus(-logit)


def semi_supervised(logit: Any, label: Any) -> Any:
    """The binary cross-entropy, all samples counting as normal that are not labelled -1.

    Args:
        logit: `f`, shape `(batch,)`, float32.
        label: Semi-supervised labels -1, 0 or +1, shape `(batch,)`.

    Returns:
        Per-example loss, shape `(batch,)`.
    """
    return ops.where(label < 0, anomaly_loss(logit), normal_loss(logit))
