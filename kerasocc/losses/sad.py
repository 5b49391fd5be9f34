"""Deep SAD (Ruff et al., ICLR 2020): the semi-supervised objective, unreduced."""

from __future__ import annotations

from typing import Any

from keras import ops


def semi_supervised(distance: Any, label: Any, *, eta: float = 1.0, eps: float = 1e-6) -> Any:
    """Deep SAD, eq. 7 of the paper without the weight decay.

    `dist` for an unlabelled sample, `eta * (dist + eps)^y` for a labelled one, where `y`
    is +1 for normal samples and -1 for anomalies. The objective is the mean over the
    batch.

    Args:
        distance: Squared distances to the center, shape `(batch,)`, float32.
        label: Semi-supervised labels -1, 0 or +1, shape `(batch,)`.
        eta: Weight of the labelled samples.
        eps: Small constant that keeps the inverse finite.

    Returns:
        Per-example loss, shape `(batch,)`.
    """
    shifted = distance + eps
    # Two branches are cheaper than a power, whose gradient includes that of the exponent.
    labelled = eta * ops.where(label < 0, 1.0 / shifted, shifted)
    return ops.where(ops.equal(label, 0), distance, labelled)
