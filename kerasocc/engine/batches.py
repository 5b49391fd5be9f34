"""A batch of training samples: its arrays by name, and as Keras takes it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from keras import ops

from kerasocc.engine.batch_provider import SampleTargets


def sample_arrays(
    x: Any, label: Any, weight: Any, index: np.ndarray, sample_targets: SampleTargets
) -> dict[str, Any]:
    """Samples and all that belongs to them, as arrays by name.

    Args:
        x: Samples, shape `(samples, ...)`.
        label: Labels, or None. It is copied, as the weights are: TensorFlow may compute in
            place on what it is given.
        weight: Weights, or None.
        index: Positions in the training set, shape `(samples,)`, int32.
        sample_targets: Functions of them.

    Returns:
        `x`, `index`, and `label` and `weight` if there are any, shape `(samples,)`, float32;
        beside them the per-sample targets.
    """
    samples = {"x": x, "index": index}
    for name, column in (("label", label), ("weight", weight)):
        if column is not None:
            samples[name] = np.array(column, "float32").reshape(-1)
    return samples | {name: targets_of(index) for name, targets_of in sample_targets.items()}


def as_batch(samples: dict[str, Any], zeros_like: Callable[[Any, str], Any]) -> tuple[Any, ...]:
    """The samples of a step as `(x, targets)` or `(x, targets, weight)`.

    Args:
        samples: Arrays or tensors `(batch, ...)`, named as by `sample_arrays`.
        zeros_like: That of the library which they belong to; unlabelled is 0.
    """
    targets = dict(samples)
    x, weight = targets.pop("x"), targets.pop("weight", None)
    if "label" not in targets:
        targets["label"] = zeros_like(targets["index"], "float32")
    return (x, targets) if weight is None else (x, targets, weight)


def as_targets(y: Any, x: Any) -> dict[str, Any]:
    """Targets of a batch that no provider made (`train_on_batch`).

    Args:
        y: Targets made by a provider, semi-supervised labels of shape `(batch,)`, or
            None for unlabelled samples.
        x: The batch that they belong to.

    Returns:
        `{"label": (batch,) float32, "index": (batch,) int32}`; an unknown index
        is -1.
    """
    if isinstance(y, dict):
        return y
    size = ops.shape(x)[0]
    label = ops.zeros((size,)) if y is None else ops.reshape(y, (-1,))
    return {
        "label": ops.cast(label, "float32"),
        "index": ops.full((size,), -1, dtype="int32"),
    }
