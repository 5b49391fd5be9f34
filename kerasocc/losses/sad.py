"""Deep SAD (Ruff et al., ICLR 2020): the semi-supervised objective, unreduced."""

from __future__ import annotations

from typing import Any

from keras import ops


def semi_supervised(distance: Any, label: Any, *, eta: float = 1.0, eps: float = 1e-6) -> Any:
    """Deep SAD, eq. 7 of the paper without the weight decay.

    `dist` of an unlabelled sample, `eta * (dist + eps)^y` of a labelled one, y
    being +1 for normal ones and -1 for anomalies; the mean over the batch is the
    objective.

    Args:
        distance: Squared distances to the center, shape `(batch,)`, float32.
        label: Semi-supervised labels -1, 0 or +1, shape `(batch,)`.
        eta: Weight of the labelled samples.
        eps: Keeps the inverse finite.

    Returns:
        Per-example loss, shape `(batch,)`.
    """
    shifted = distance + eps
    # Two branches instead of a power: its gradient in the exponent is of no use.
    labelled = eta * ops.where(label < 0, 1.0 / shifted, shifted)
    return ops.where(ops.equal(label, 0), distance, labelled)
